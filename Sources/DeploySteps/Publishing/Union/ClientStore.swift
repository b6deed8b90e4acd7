internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import FoundationEssentials
internal import LinuxSystem

/// The versions of the client that are kept, and which of them is published.
package struct ClientStore {
    let settings: PipelineSettings

    package init(_ settings: PipelineSettings) {
        self.settings = settings
    }

    /// On disk before the first name of a version changes, and again when the last has: what a crash leaves is gone through again from here.
    struct State: Codable {
        /// The version whose index is there.
        var published: String?
        /// The one that is being published.
        var coming: String?
        /// The one that was before it.
        var before: String?
    }

    private var stateFile: String { settings.data.clientVersions + "/state.json" }

    func state() throws -> State {
        guard let bytes = try DurableFile.read(stateFile) else { return State() }
        do {
            return try DeployJSON.decode(State.self, from: Data(bytes))
        } catch {
            throw DeployError.broken("\(stateFile) cannot be read: which version of the client is published is not known")
        }
    }

    func write(_ state: State) throws {
        try DurableFile.write(DeployJSON.encode(state, pretty: true), to: stateFile, mode: 0o600)
    }

    func path(_ name: String) -> String { settings.data.clientVersions + "/" + name }

    func version(_ name: String?) throws -> ClientVersion? {
        guard let name, try PathState(of: path(name)) == .directory else { return nil }
        return try ClientVersion(at: path(name))
    }

    /// The oldest first.
    func versions() throws -> [ClientVersion] {
        try Directories.list(settings.data.clientVersions).filter { Int($0.prefix { $0 != "-" }) != nil && !$0.hasSuffix(".part") }
            .compactMap { try ClientVersion(at: path($0)) }.sorted { $0.about.deployment < $1.about.deployment }
    }

    /// The version that was published when this deployment was what ran: its own, or where it had none, what it left there.
    func version(publishedIn deployment: Int) throws -> ClientVersion? {
        func last(_ version: ClientVersion) -> Int? { version.about.published.filter { $0 <= deployment }.max() }
        return try versions().compactMap { version in last(version).map { (version, $0) } }.max { $0.1 < $1.1 }?.0
    }

    /// Removes versions that nobody needs, and from where they are served the files that none of the rest has, and what never came to its place.
    /// No step may run beside it.
    ///
    /// A crash leaves a version of which files are gone already: it is removed the next time.
    /// - Parameters:
    ///   - kept: deployments of which a release or a backup is kept, or that are under way.
    package func prune(keeping kept: Set<Int>) throws {
        guard try PathState(of: settings.data.clientVersions) == .directory else { return }
        for name in try Directories.list(settings.data.clientVersions) where name.hasSuffix(".part") {
            if let id = Int(name.prefix { $0 != "-" }), !kept.contains(id) {
                try Tree.discard(path(name), into: settings.data.work)
            }
        }
        try UnionDirectory.removeStaged(in: settings.clientPublic)
        let state = try state()
        let now = Clock.now
        var staying: Set<String> = []
        var going: [ClientVersion] = []
        for version in try versions() {
            let isNeeded = [state.published, state.coming, state.before].contains(version.name)
            let isKept = kept.contains(version.about.deployment) || !kept.isDisjoint(with: version.about.published)
            let isFresh = version.about.retired.map { now.milliseconds - $0.milliseconds < settings.client.keep } ?? false
            if isNeeded || isKept || isFresh {
                staying.formUnion(version.files.keys)
            } else {
                going.append(version)
            }
        }
        guard !going.isEmpty else { return }
        let directory = try UnionDirectory(settings.clientPublic, for: "prune")
        for version in going {
            let tree = try Directories.open(version.tree)
            for path in version.files.keys where !staying.contains(path) {
                // What somebody has changed since is theirs.
                guard try directory.presence(of: Array(path.utf8), as: tree) == .same else { continue }
                try directory.remove(Array(path.utf8))
            }
        }
        try directory.sync()
        try directory.close()
        for version in going { try Tree.discard(version.path, into: settings.data.work) }
    }
}
