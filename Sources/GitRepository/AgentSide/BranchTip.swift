/// Reads the commit that a branch of an untrusted repository names, without libgit2 and without its configuration: descriptor-relative,
/// never through a symbolic link, never blocking on what is not a regular file, bounded. Safe for a daemon that runs as root.
package struct BranchTip: Sendable {
    private let repository: String

    /// The repository's working directory, which holds `.git`.
    package init(repository: String) { self.repository = repository }

    /// The commit of `refs/heads/<branch>`, loose or packed; nil where the branch does not exist.
    package func read(_ branch: String) throws(GitError) -> ObjectID? {
        let directory = try GitDirectory(of: repository)
        return try directory.commit(ofBranch: branch)
    }

    /// The branch that HEAD names, which need not exist yet; nil where HEAD is detached.
    package func currentBranch() throws(GitError) -> String? {
        let directory = try GitDirectory(of: repository)
        return try directory.currentBranch()
    }
}
