internal import DataRoot
package import DeployModel
internal import DurableFiles
internal import LinuxSystem

/// Moves backups and releases out of the way that are older than what is to be kept.
package enum Pruning {
    /// Returns the numbers of the deployments of which a release or a backup is kept.
    /// - Parameter needed: what runs, and what is known to be good: never removed. Nor is a release that a process still uses: one that was
    ///   left running, or whose reload took in only a part.
    package static func prune(_ settings: PipelineSettings, needed: [StatusDocument.DeployedVersion]) throws -> Set<Int> {
        let keep = max(settings.versions.keep, 1)
        let backups = try Backup.all(in: settings.data.backups)
        let commits = Set(needed.map(\.commit))
        // The newest backup of each needed version stays, however old.
        var newest: [CommitID: String] = [:]
        for backup in backups {
            if let commit = backup.about.version?.commit, commits.contains(commit) { newest[commit] = backup.path }
        }
        for backup in backups.dropLast(keep) where !newest.values.contains(backup.path) { try Tree.discard(backup.path) }
        for name in try Directories.list(settings.data.backups) where !name.hasPrefix(".") && !name.hasSuffix(".part") {
            // Half of one, of before it was first put aside.
            let path = settings.data.backups + "/" + name
            if try PathState(of: path + "/backup.json") == .missing { try Tree.discard(path) }
        }

        var used = Set(needed.compactMap(\.release))
        if case .link(let destination) = try PathState(of: settings.versions.target) { used.insert(destination) }
        let due = try settings.releases.all().dropLast(keep).map(\.path).filter { !used.contains($0) }
        let users = try DirectoryUse.users(of: due.filter { try PathState(of: $0) == .directory })
        for release in due where users[release] == nil { try Tree.discard(release) }
        try settings.releases.removeOrphans()
        var numbers = Set(try settings.releases.all().map(\.deployment))
        for backup in try Backup.all(in: settings.data.backups) {
            numbers.insert(backup.about.madeFor)
            if let version = backup.about.version { numbers.formUnion([version.deployment, version.origin]) }
        }
        return numbers
    }
}
