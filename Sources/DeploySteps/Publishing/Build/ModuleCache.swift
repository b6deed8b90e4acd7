internal import CLinux
internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import Fence
internal import LinuxSystem

/// `node_modules` directories that builds use: filled once for each set of packages, by a step that sees nothing of the commit but what says which
/// they are, and never written to again.
struct ModuleCache {
    let work: Work
    /// How many sets are kept besides the one in use.
    private static let kept = 4

    /// A directory with the packages, root's; it stays until another deployment's build begins.
    /// - Throws: `ClientProject.Fault` where they cannot be had.
    func modules(for project: ClientProject) throws -> String? {
        guard let node = project.node, let lock = project.lock else { return nil }
        let prefix = project.source.isEmpty ? "" : project.source + "/"
        let request: NodePackage.Request
        do throws(NodePackage.Objection) {
            request = try node.request(lock: lock, registry: work.settings.client.registry)
        } catch {
            throw ClientProject.Fault(
                reason: "\(prefix)package.json: its packages are not fetched: \(error.description)",
                advice: "change that, and write the lock file again")
        }
        let cache = work.settings.data.clientModules
        let key = request.key(node: try version("node"), architecture: try architecture())
        let modules = cache + "/" + key
        if try PathState(of: modules) == .directory {
            // The least lately used go first.
            _ = unsafe utimensat(pinfold_AT_FDCWD, modules, nil, 0)
            return modules + "/node_modules"
        }
        try DurableFile.makeDirectory(cache, mode: 0o700)
        try forget()
        try fetch(request, into: modules)
        return modules + "/node_modules"
    }

    private func fetch(_ request: NodePackage.Request, into modules: String) throws {
        let directory = work.workplace.clientFetch
        try Tree.remove(directory)
        try DurableFile.makeDirectory(directory, mode: 0o700)
        defer { try? Tree.discard(directory, into: work.settings.data.work) }
        let tree = directory + "/tree"
        let agent = (uid: work.settings.agentUID, gid: work.settings.agentGID)
        try Overlay(root: directory, owner: agent).makeDirectory(Array("tree".utf8))
        let files = Overlay(root: tree, owner: agent)
        try files.put(Array(NodePackage.manifestName.utf8), contents: request.manifest, mode: 0o644)
        try files.put(Array("package-lock.json".utf8), contents: request.lock, mode: 0o644)
        var command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--cache", "/tmp/npm"]
        // After one second and after ten; npm's own measure is ten and sixty, and nobody hears anything for as long.
        command += ["--fetch-retries", "2", "--fetch-retry-mintimeout", "1000", "--fetch-retry-maxtimeout", "10000"]
        if let registry = work.settings.client.registry { command += ["--registry", registry, "--replace-registry-host=npmjs"] }
        let ending = try ConfinedCommand(
            name: "fetch", phase: Phase(command), shown: command.joined(separator: " "),
            version: VersionMount(
                source: tree, directory: "/run/client", hiding: Paths.resolved(work.settings.data.deployments)),
            settings: work.settings, environment: ["NPM_CONFIG_USERCONFIG": "/dev/null"], network: .host
        ).run(work.tools)
        guard ending.succeeded else {
            throw ClientProject.Fault(
                reason: "the client's packages could not be fetched: npm ci ended with \(ending.sentence)",
                advice: "pinfold logs \(work.deployment.id); a registry of your own is AGENT_DEPLOY_CLIENT_REGISTRY")
        }
        let made = tree + "/node_modules"
        // Nothing at all to install.
        if try PathState(of: made) == .missing { try DurableFile.makeDirectory(made) }
        if let fault = try OutputReview.foreignFault(of: made) {
            throw ClientProject.Fault(
                reason: "the client's packages are refused: \(fault)", advice: "pinfold logs \(work.deployment.id)")
        }
        let part = modules + ".part"
        try Tree.remove(part)
        try DurableFile.makeDirectory(part, mode: 0o755)
        try Tree.copy(made, to: part + "/node_modules", owner: (0, 0))
        try DurableFile.syncFileSystem(of: part)
        work.tools.fault.reach("build_client", "fetched")
        try DurableFile.move(part, to: modules)
    }

    /// Makes room for one more.
    private func forget() throws {
        let cache = work.settings.data.clientModules
        var sets: [(path: String, used: Int)] = []
        for name in try Directories.list(cache) where !name.hasPrefix(".") {
            var status = stat()
            guard unsafe lstat(cache + "/" + name, &status) == 0 else { continue }
            // What a crash left half filled.
            sets.append((cache + "/" + name, name.hasSuffix(".part") ? 0 : status.st_mtim.tv_sec))
        }
        sets.sort { $0.used > $1.used }
        for set in sets.dropFirst(Self.kept) + sets.prefix(Self.kept).filter({ $0.used == 0 }) {
            try Tree.discard(set.path, into: work.settings.data.work)
        }
    }

    /// Compiled parts of packages are for one version and one kind of machine.
    private func version(_ program: String) throws -> String {
        let (ending, said) = try AdminCommand(name: program, command: "\(program) --version", seconds: 10, environment: [:]).run(
            work.tools)
        guard ending.succeeded else {
            throw ClientProject.Fault(
                reason: "`\(program) --version` ended with \(ending.sentence)",
                advice: "install Node.js and npm, or set AGENT_DEPLOY_CLIENT_BUILD_COMMAND")
        }
        return said.filter { !$0.isWhitespace }
    }

    private func architecture() throws -> String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            #error("name this kind of machine")
        #endif
    }
}
