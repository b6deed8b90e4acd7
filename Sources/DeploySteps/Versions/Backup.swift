package import DeployModel
package import DurableFiles
internal import FoundationEssentials
internal import PlainText

/// A backup on disk: `backups/<time>-<commit>/` with `tree/`, `manifest` and `backup.json`.
package struct Backup: Sendable {
    package let path: String
    package let about: About

    /// `backup.json`.
    package struct About: Codable, Hashable, Sendable {
        /// The deployment before whose switch it was made, and the commit of that.
        package var madeFor: Int
        /// nil in what was written before this was kept.
        package var madeForCommit: CommitID?
        package var made: Timestamp
        /// What ran; nil where it was nothing that Pinfold had deployed.
        package var version: StatusDocument.DeployedVersion?
        /// What the target link held; nil where the target was a directory.
        package var link: String?
    }

    package var tree: String { path + "/tree" }
    /// Which paths in `tree` deployments had put there: `owned-paths`. Everything else was the server's.
    static let ownedPaths = "/owned-paths"

    /// nil where it does not say.
    func owned() throws(FileError) -> Set<[UInt8]>? {
        try OwnedPaths.read(path + Self.ownedPaths, of: "tree")
    }

    /// nil where it is missing or damaged.
    func manifest() throws(FileError) -> Manifest? {
        try DurableFile.read(path + "/manifest", limit: 1 << 30).flatMap(Manifest.init(encoded:))
    }

    /// All whole backups, oldest first, by the numbers of their deployments: the time in a name goes back when the clock does.
    /// Unfinished and damaged ones are passed over.
    package static func all(in directory: String) throws(FileError) -> [Backup] {
        var result: [Backup] = []
        for name in try Directories.list(directory) where !name.hasSuffix(".part") && !name.hasPrefix(".") {
            let path = directory + "/" + name
            guard let bytes = try DurableFile.read(path + "/backup.json"),
                let about = try? DeployJSON.decode(About.self, from: Data(bytes))
            else { continue }
            result.append(Backup(path: path, about: about))
        }
        // By name where one deployment made two.
        result.sort { ($0.about.madeFor, $0.path) < ($1.about.madeFor, $1.path) }
        return result
    }

    /// The last one that was made before this deployment's switch: by its number and its commit, for a number alone may be another's.
    package static func made(for deployment: Deployment, in directory: String) throws(FileError) -> Backup? {
        try all(in: directory).last { backup in
            guard backup.about.madeFor == deployment.id else { return false }
            guard let commit = backup.about.madeForCommit else { return true }
            return commit == deployment.commit
        }
    }

    /// Those of this version, oldest first: of the deployment that first brought it, and of its commit.
    package static func all(of version: StatusDocument.DeployedVersion, in directory: String) throws(FileError) -> [Backup] {
        try all(in: directory).filter { $0.about.version?.origin == version.origin && $0.about.version?.commit == version.commit }
    }

    /// Whether the tree still is what was copied, as far as it is a deployment's; the sentence says what is wrong with it.
    package func damage() throws(FileError) -> String? {
        guard let manifest = try manifest() else { return "the manifest of \(path) is missing or damaged" }
        let owned = try owned()
        let now = try Manifest(of: tree, leaving: Tree.Leaving(allBut: owned.map(OwnedPaths.withParents)))
        let differing = manifest.restricted(to: owned).differences(from: now.restricted(to: owned))
        guard let first = differing.min(by: { $0.lexicographicallyPrecedes($1) }) else { return nil }
        return
            "\(differing.count) files of \(path) are not what was backed up, \(String(decoding: first, as: UTF8.self).plain()) among them"
    }
}
