internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository

/// What is kept of deployments that are over, beside releases and backups: their logs, and their commits' names in the mirror.
///
/// Bounded by `AGENT_DEPLOY_KEEP`: those of the newest ten times as many deployments, of each whose release or backup is kept, of what is under
/// way, and of what is quarantined, a hundred times at most. The records in the history stay.
struct Keeping {
    static let factor = 10
    private static let mostQuarantined = 100

    let settings: PipelineSettings
    let store: HistoryStore
    let mirror: GitMirror?

    /// - Parameter onDisk: the deployments of which a release or a backup is kept.
    func tidy(onDisk: Set<Int>) throws {
        let (deployments, commits) = try store.read { try kept(onDisk, $0) }
        for name in try Directories.list(settings.data.logs) {
            guard name.hasSuffix(".log"), let number = Int(name.dropLast(4)), !deployments.contains(number) else { continue }
            try DurableFile.remove(settings.data.logs + "/" + name)
        }
        try mirror?.keep(only: Set(commits.map(\.objectID)))
    }

    private func kept(_ onDisk: Set<Int>, _ history: HistoryTransaction) throws -> (deployments: Set<Int>, commits: Set<CommitID>) {
        let last = try history.lastNumber() ?? 0
        var deployments = onDisk.union(try history.open().map(\.id))
        deployments.formUnion(max(1, last - Self.factor * max(settings.versions.keep, 1) + 1)...max(1, last))
        var commits: Set<CommitID> = []
        for entry in try history.quarantine().suffix(Self.mostQuarantined) {
            commits.formUnion([entry.commit, entry.good].compactMap(\.self))
            if let deployment = try history.latest(of: entry.commit) { deployments.insert(deployment.id) }
        }
        for version in [try history.fact(.running), try history.fact(.good)].compactMap(\.self) {
            commits.insert(version.commit)
            deployments.formUnion([version.deployment, version.origin])
        }
        if let tip = try history.fact(.tip) { commits.insert(tip) }
        for id in deployments {
            guard let deployment = try history.deployment(id) else { continue }
            // What `pinfold diff` compares.
            commits.formUnion([deployment.commit, deployment.base].compactMap(\.self))
        }
        // What waits to be pushed is newest among what was deployed, however long ago that is.
        if let unpushed = try history.deployed(before: Int.max).first(where: { $0.kind == .commit && $0.push?.done == false }) {
            commits.insert(unpushed.commit)
        }
        return (deployments, commits)
    }
}
