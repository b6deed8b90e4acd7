internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import Fence
internal import PlainText

/// One build of a client: on a throw-away copy, confined, without network.
struct ClientBuild {
    let work: Work
    let project: ClientProject

    /// The version that is kept; made now, or before a crash.
    /// - Throws: `ClientProject.Fault` where it is refused.
    func version() throws -> ClientVersion {
        let store = ClientStore(work.settings)
        let name = ClientVersion.name(of: work.deployment.id, work.deployment.commit)
        if let made = try store.version(name) { return made }
        try DurableFile.makeDirectory(work.settings.data.clientVersions, mode: 0o700)
        // Without what belongs to it.
        try Tree.remove(store.path(name))
        let part = store.path(name) + ".part"
        try Tree.remove(part)
        try DurableFile.makeDirectory(part, mode: 0o700)
        do {
            try build(into: part + "/tree")
            let tree = part + "/tree"
            // Compressed forms of the build's own making: nobody has compared them with what they stand for.
            let files = Overlay(root: tree, owner: (0, 0))
            for entry in try Tree.entries(tree) where entry.kind == .file {
                guard let original = ClientPath.original(of: entry.description), try OutputReview.isPublished(original, in: tree)
                else { continue }
                try files.remove(entry.path)
            }
            let (facts, fault) = try OutputReview.facts(of: tree, base: work.settings.client.base)
            if let fault { throw refused(fault) }
            try Compression(work: work).add(to: tree)
            work.tools.fault.reach("build_client", "built")
            try ClientVersion.keep(
                part, as: store.path(name),
                about: .init(deployment: work.deployment.id, commit: work.deployment.commit, made: Clock.now, facts: facts))
        } catch {
            try? Tree.discard(part, into: work.settings.data.work)
            throw error
        }
        guard let version = try store.version(name) else { throw DeployError.broken("\(store.path(name)) cannot be read") }
        return version
    }

    private func build(into tree: String) throws {
        let settings = work.settings
        let owner = (uid: settings.agentUID, gid: settings.agentGID)
        let source = project.source.isEmpty ? "" : project.source + "/"
        let modules = try ModuleCache(work: work).modules(for: project)
        let copy = try ThrowAwayCopy(of: work.workplace.tree, at: work.workplace.clientBuild, owner: owner)
        defer { try? copy.discard(into: settings.data.work) }
        var inside: [(source: String, name: String)] = []
        var shown: ThrowAwayCopy?
        defer { try? shown?.discard(into: settings.data.work) }
        if let modules {
            // Read-only below: what a build writes there is this build's alone.
            let made = try ThrowAwayCopy(of: modules, at: work.workplace.clientModules, owner: owner)
            shown = made
            try Overlay(root: copy.path, owner: owner).makeDirectory(Array((source + "node_modules").utf8))
            inside = [(made.path, source + "node_modules")]
        }
        let ending = try ConfinedCommand(
            name: "client build", phase: Phase(["/bin/sh", "-c", project.command]), shown: project.command,
            version: try work.versionMount(of: copy.path), settings: settings,
            environment: [
                "PINFOLD_COMMIT": work.deployment.commit.hex, "NODE_ENV": "production", "NPM_CONFIG_UPDATE_NOTIFIER": "false",
                "NPM_CONFIG_OFFLINE": "true",
            ],
            network: Fence.Network.none, inside: inside, directory: project.source.isEmpty ? nil : project.source
        ).run(work.tools)
        guard ending.succeeded else {
            throw ClientProject.Fault(
                reason: "the client's build ended with \(ending.sentence)", advice: "pinfold logs \(work.deployment.id)")
        }
        // Nothing that could change it runs any more.
        let output = source + settings.client.output
        guard try ClientProject.isDirectory(output, in: copy.path) else {
            throw refused("there is no directory \(output.plain()) (AGENT_DEPLOY_CLIENT_OUTPUT)")
        }
        if let fault = try OutputReview.fault(of: copy.path + "/" + output) { throw refused(fault) }
        try Tree.copy(copy.path + "/" + output, to: tree, owner: (0, 0), isReadable: true)
    }

    private func refused(_ fault: String) -> ClientProject.Fault {
        .init(reason: "the client's build is refused: \(fault)", advice: "pinfold logs \(work.deployment.id)")
    }
}
