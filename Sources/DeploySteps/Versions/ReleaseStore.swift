internal import DeployModel
package import DurableFiles

/// `deployments/releases`: each version as it was published, in a directory named by its deployment's number and its commit, and beside it a
/// record of its files (`ReleaseRecord`). A release is never written to again, but to mend it.
package struct ReleaseStore: Sendable {
    package let directory: String

    init(directory: String) {
        self.directory = directory
    }

    /// The name of a release says whose it is.
    package struct Name: Hashable, Sendable {
        package let deployment: Int
        /// The commit's short form.
        package let commit: String

        /// nil where it is no release's.
        package init?(of path: String) {
            let parts = Paths.name(of: path).split(separator: "-", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[0]) else { return nil }
            deployment = number
            commit = String(parts[1])
        }
    }

    func holds(_ path: String) -> Bool { path.hasPrefix(directory + "/") }

    /// Every release, by the numbers of their deployments.
    package func all() throws(FileError) -> [(deployment: Int, path: String)] {
        try Directories.list(directory).compactMap { name in
            Name(of: name).map { ($0.deployment, directory + "/" + name) }
        }.sorted { ($0.deployment, $0.path) < ($1.deployment, $1.path) }
    }

    /// Where the version is as it was published; nil where that is gone.
    func release(of version: StatusDocument.DeployedVersion) throws(FileError) -> String? {
        guard let release = version.release, try PathState(of: release) == .directory else { return nil }
        return release
    }

    /// Removes what is known of releases that are gone.
    func removeOrphans() throws(FileError) {
        for name in try Directories.list(directory) {
            guard let release = ReleaseRecord.release(ofName: name) else { continue }
            if try PathState(of: directory + "/" + release) == .missing { try Tree.remove(directory + "/" + name) }
        }
    }
}
