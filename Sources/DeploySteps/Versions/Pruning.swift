package import DeployModel
internal import DurableFiles
internal import LinuxSystem
internal import SystemPackage

/// Removes backups and releases that are older than what is to be kept.
package enum Pruning {
    /// What is going out of sight lies in the work directory by such a name.
    private static let aside = "removing-"

    /// Returns the numbers of the deployments of which a release or a backup is kept.
    /// - Parameter needed: what runs, and what is known to be good: never removed. Nor is a release that a process still uses: one that was
    ///   left running, or whose reload took in only a part.
    package static func prune(_ settings: PipelineSettings, needed: [StatusDocument.DeployedVersion]) throws -> Set<Int> {
        for name in try Directories.list(settings.work) where name.hasPrefix(aside) { try Tree.remove(settings.work + "/" + name) }
        let keep = max(settings.keep, 1)
        let backups = try Backup.all(in: settings.backups)
        let commits = Set(needed.map(\.commit))
        // The newest backup of each needed version stays, however old.
        var newest: [CommitID: String] = [:]
        for backup in backups {
            if let commit = backup.about.version?.commit, commits.contains(commit) { newest[commit] = backup.path }
        }
        for backup in backups.dropLast(keep) where !newest.values.contains(backup.path) { try discard(backup.path, settings) }
        for name in try Directories.list(settings.backups) where !name.hasPrefix(".") && !name.hasSuffix(".part") {
            // Half of one, of before it was first put aside.
            let path = settings.backups + "/" + name
            if try FileKind(of: path + "/backup.json") == .missing { try discard(path, settings) }
        }

        var used = Set(needed.compactMap(\.release))
        if case .link(let destination) = try FileKind(of: settings.target) { used.insert(destination) }
        // Names begin with the number of their deployment.
        let names = try Directories.list(settings.releases)
        let releases = names.compactMap { name -> (number: Int, path: String)? in
            guard let number = Int(name.prefix { $0 != "-" }) else { return nil }
            return (number, settings.releases + "/" + name)
        }.sorted { $0.number < $1.number }
        let due = releases.dropLast(keep).map(\.path).filter { !used.contains($0) }
        let users = try DirectoryUse.users(of: due.filter { try FileKind(of: $0) == .directory })
        for release in due where users[release] == nil { try discard(release, settings) }
        for name in names {
            guard let release = ReleaseRecord.release(ofName: name) else { continue }
            if try FileKind(of: settings.releases + "/" + release) == .missing { try Tree.remove(settings.releases + "/" + name) }
        }
        var numbers: Set<Int> = []
        for name in try Directories.list(settings.releases) {
            if let number = Int(name.prefix { $0 != "-" }) { numbers.insert(number) }
        }
        for backup in try Backup.all(in: settings.backups) {
            numbers.insert(backup.about.madeFor)
            if let version = backup.about.version { numbers.formUnion([version.deployment, version.origin]) }
        }
        return numbers
    }

    /// Out of its place by one rename, then removed: half of a version is never found where a whole one is looked for. What a crash leaves is
    /// removed by the next call.
    private static func discard(_ path: String, _ settings: PipelineSettings) throws(FileError) {
        let place = settings.work + "/" + aside + (path.split(separator: "/").last.map(String.init) ?? "")
        try Tree.remove(place)
        do {
            try DurableFile.move(path, to: place)
        } catch {
            // Somebody has put the directory on a file system of its own.
            guard error.code == .improperLink else { throw error }
            return try Tree.remove(path)
        }
        try Tree.remove(place)
    }
}
