internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import Fence

/// Whether a version can start: exactly the modules that the server has loaded are imported by a fresh interpreter, confined like the tests.
struct ColdImport {
    /// Bytes of names that a command line takes.
    static let mostNames = 100_000

    let work: Work
    /// The version, and where the server runs it from.
    let release: String
    let directory: String

    /// Of the server's own words: the interpreter, the search path in the release, the modules in the order of their imports.
    struct Wish: Hashable {
        var python: String
        var paths: [String]
        var modules: [String]
    }

    /// - Throws: `ReloadRefusal` where the version does not start, or that cannot be found out.
    func run(_ wish: Wish) throws {
        guard !wish.modules.isEmpty else { return }
        let names = wish.modules.joined(separator: ",")
        guard names.utf8.count <= Self.mostNames else {
            throw ReloadRefusal("the server has too many modules loaded to try them all")
        }
        let made = try ThrowAwayCopy(
            of: release, at: work.workplace.test, owner: (work.settings.agentUID, work.settings.agentGID))
        defer { try? made.discard(into: work.settings.data.work) }
        var version = try work.versionMount(of: made.path)
        version.directory = directory
        for index in version.links.indices where version.links[index].at == work.settings.versions.target {
            version.links[index].to = directory
        }
        var phase = Phase([wish.python, "-B", "-c", Self.program, names] + wish.paths)
        phase.environment = ["PYTHONDONTWRITEBYTECODE": "1"]
        let ending = try ConfinedCommand(
            name: "cold import", phase: phase, shown: "\(wish.python): \(wish.modules.count) modules", version: version,
            settings: work.settings, environment: ["PINFOLD_COMMIT": work.deployment.commit.hex]
        ).run(work.tools)
        guard ending.succeeded else {
            throw ReloadRefusal(
                "the version does not start: importing its modules ended with \(ending.sentence) (pinfold logs \(work.deployment.id))"
            )
        }
    }

    /// Modules that the version does not have any more are passed over: the server will not have them either.
    private static let program = """
        import importlib, importlib.util, os, sys
        here = os.getcwd()
        sys.path[:0] = [os.path.normpath(os.path.join(here, path)) for path in sys.argv[2:] or [""]]
        for name in sys.argv[1].split(","):
            try:
                there = importlib.util.find_spec(name) is not None
            except ModuleNotFoundError:
                there = False
            except ValueError:
                # An object has put itself in the module's place.
                there = True
            if there:
                try:
                    importlib.import_module(name)
                except SystemExit as error:
                    raise ImportError(f"{name} ends the process") from error
        """
}
