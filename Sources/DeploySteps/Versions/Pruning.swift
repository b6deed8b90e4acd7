package import DeployModel
package import DurableFiles

/// Removes backups and releases that are older than what is to be kept.
package enum Pruning {
    /// - Parameter needed: what runs, and what is known to be good: never removed.
    package static func prune(_ settings: PipelineSettings, needed: [StatusDocument.DeployedVersion]) throws(FileError) {
        let keep = max(settings.keep, 1)
        let backups = try Backup.all(in: settings.backups)
        let commits = Set(needed.map(\.commit))
        // The newest backup of each needed version stays, however old.
        var newest: [CommitID: String] = [:]
        for backup in backups {
            if let commit = backup.about.version?.commit, commits.contains(commit) { newest[commit] = backup.path }
        }
        for backup in backups.dropLast(keep) where !newest.values.contains(backup.path) { try Tree.remove(backup.path) }

        var used = Set(needed.compactMap(\.release))
        if case .link(let destination) = try FileKind(of: settings.target) { used.insert(destination) }
        // Names begin with the number of their deployment.
        let names = try Directories.list(settings.releases)
        let releases = names.compactMap { name -> (number: Int, path: String)? in
            guard let number = Int(name.prefix { $0 != "-" }) else { return nil }
            return (number, settings.releases + "/" + name)
        }.sorted { $0.number < $1.number }
        for release in releases.dropLast(keep) where !used.contains(release.path) { try Tree.remove(release.path) }
        for name in names {
            guard let release = ReleaseRecord.release(ofName: name) else { continue }
            if try FileKind(of: settings.releases + "/" + release) == .missing { try Tree.remove(settings.releases + "/" + name) }
        }
    }
}
