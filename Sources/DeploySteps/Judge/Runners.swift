internal import CLinux
internal import DeployModel
internal import DurableFiles

/// Which runner tests a tree.
package enum Runners {
    /// The admin's, else one found by kind of project; nil where there is neither.
    package static func find(_ settings: PipelineSettings, in tree: String) -> (any Runner)? {
        if let command = settings.tests.command { return configured(command, report: settings.tests.report, in: tree) }
        return detect(in: tree, report: settings.tests.report)
    }

    /// The admin's command.
    package static func configured(_ command: String, report: String?, in tree: String? = nil) -> any Runner {
        // A runner of Python's has a report of its own, wherever the command would write one.
        if let known = KnownCommand(command), report == nil || known.kind.isPython, let runner = known.runner(command, in: tree) {
            return runner
        }
        return ShellRunner(.command, named: "command", command: command, report: report, promisesReport: report != nil)
    }

    /// nil where no kind is recognised. Only names in the tree's top directory, in `tests` and `test`, and the text of `package.json`, `client/package.json` and
    /// `Makefile` decide.
    package static func detect(in tree: String, report: String? = nil) -> (any Runner)? {
        func has(_ name: String) -> Bool { (try? PathState(of: tree + "/" + name)) == .file }
        func text(_ name: String) -> String {
            guard has(name), let bytes = try? DurableFile.read(tree + "/" + name, limit: 1 << 20) else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
        func isDirectory(_ name: String) -> Bool { (try? PathState(of: tree + "/" + name)) == .directory }
        func runner(_ kind: RunnerKind, _ name: String, _ command: String) -> any Runner {
            ShellRunner(kind, named: name, command: command, report: report, promisesReport: report != nil)
        }
        let python =
            has("pytest.ini") || has("conftest.py") || has("pyproject.toml") || has("setup.py") || has("setup.cfg")
            || has("tox.ini")
            || has("requirements.txt")
            || holdsTests(tree)
            || ["tests", "test"].contains { has($0 + "/__init__.py") || isDirectory($0) && holdsTests(tree + "/" + $0) }
        if python { return PythonRunner() }
        if has("package.json"), let manifest = PackageManifest(Array(text("package.json").utf8)), manifest.test != nil {
            if report == nil, let node = manifest.nodeRunner { return node }
            return runner(.npm, "npm", "npm test")
        }
        if isDirectory("client"), text("client/package.json").contains("\"test\"") {
            return runner(.npm, "npm (client)", "npm --prefix client test")
        }
        if has("Package.swift") {
            if report == nil, !SwiftRunner.targets(tree).isEmpty, let swift = SwiftRunner([]) { return swift }
            return runner(.swift, "Swift", "swift test")
        }
        if has("Cargo.toml") {
            let sources = CargoSources(tree)
            if report == nil, sources.haveTests, !sources.haveOwnHarness, let cargo = CargoRunner([]) { return cargo }
            return runner(.cargo, "Cargo", "cargo test")
        }
        if has("go.mod") {
            if report == nil, GoRunner.hasTests(tree), let go = GoRunner(["./..."]) { return go }
            return runner(.go, "Go", "go test ./...")
        }
        for name in ["Makefile", "makefile", "GNUmakefile"] {
            let lines = text(name).split(separator: "\n")
            for target in ["test", "check"] where lines.contains(where: { $0.hasPrefix(target + ":") }) {
                return runner(.make, "make", "make \(target)")
            }
        }
        if report == nil, has("package.json"), NodeRunner.hasTests(tree) { return NodeRunner([], command: "node --test") }
        return nil
    }

    /// Whether Python's tests lie in the directory itself.
    private static func holdsTests(_ directory: String) -> Bool {
        let names = (try? Directories.list(directory)) ?? []
        return names.contains { ($0.hasPrefix("test_") || $0.hasSuffix("_test.py")) && $0.hasSuffix(".py") }
    }
}
