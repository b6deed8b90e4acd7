internal import CLibgit2
internal import CLinux
internal import LinuxSystem

/// Makes the agent's repository from the admin's: the same commits, sharing no inode with the source, so that no write to the copy
/// reaches the original. No hooks, no templates, no filter programs.
package struct Clone {
    /// What was made.
    package struct Outcome: Hashable, Sendable {
        package let branch: String
        package let tip: ObjectID
    }

    /// Clones the repository that `source` lies in to `destination`, which must not exist or be empty.
    ///
    /// A failure removes what it made. The source stays as the remote `origin`.
    package static func make(from source: String, to destination: String) throws(GitError) -> Outcome {
        Library.start()
        let from = try inspectSource(source)
        var options = unsafe git_clone_options()
        try git("cannot clone") { unsafe git_clone_options_init(&options, UInt32(GIT_CLONE_OPTIONS_VERSION)) }
        // Object files are copied, never linked: a hard link would let a write in the copy reach the source. With borrowed objects
        // a copy of the files would not be whole, so there every object is carried over.
        unsafe options.local = from.borrows ? GIT_CLONE_NO_LOCAL : GIT_CLONE_LOCAL_NO_LINKS
        unsafe options.checkout_opts.checkout_strategy = GIT_CHECKOUT_SAFE.rawValue
        var clone: OpaquePointer?
        try git("cannot clone \(source) to \(destination)") { unsafe git_clone(&clone, from.path, destination, &options) }
        defer { unsafe git_repository_free(clone) }
        guard try from.tip == BranchTip(repository: destination).read(from.branch) else {
            throw GitError(
                .corrupt, "the clone in \(destination) does not have \(from.branch) at \(from.tip): it changed meanwhile, try again"
            )
        }
        return Outcome(branch: from.branch, tip: from.tip)
    }

    private struct Source {
        let path: String
        let branch: String
        let tip: ObjectID
        let borrows: Bool
    }

    private static func inspectSource(_ source: String) throws(GitError) -> Source {
        var repository: OpaquePointer?
        let code = unsafe git_repository_open_ext(&repository, source, 0, nil)
        if code == GIT_ENOTFOUND.rawValue {
            throw GitError(.notFound, "\(source) is not in a git repository: name one with AGENT_CODE_SOURCE")
        }
        try git("cannot open the repository \(source)") { code }
        defer { unsafe git_repository_free(repository) }
        if unsafe git_repository_is_shallow(repository) == 1 {
            throw GitError(.unsupported, "\(source) is a shallow clone: run `git fetch --unshallow` there first")
        }
        guard unsafe git_repository_head_detached(repository) != 1 else {
            throw GitError(
                .notReady, "\(source) has no branch checked out (detached HEAD): switch to the branch that is to be deployed")
        }
        var head: OpaquePointer?
        let found = unsafe git_repository_head(&head, repository)
        guard found != GIT_EUNBORNBRANCH.rawValue, found != GIT_ENOTFOUND.rawValue else {
            throw GitError(.notReady, "\(source) has no commit yet: make one first")
        }
        try git("cannot read HEAD of \(source)") { found }
        defer { unsafe git_reference_free(head) }
        guard let name = unsafe git_reference_shorthand(head), let target = unsafe git_reference_target(head) else {
            throw GitError(.notReady, "\(source) has no branch checked out: switch to the branch that is to be deployed")
        }
        guard let common = unsafe git_repository_commondir(repository) else {
            throw GitError(.notFound, "\(source) has no git directory")
        }
        // A linked worktree's own directory holds no objects. A working directory as the remote's address reads better than its `.git`.
        var path = unsafe String(cString: common)
        let borrows = unsafe access(path + "objects/info/alternates", F_OK) == 0
        if unsafe git_repository_is_worktree(repository) == 0, let directory = unsafe git_repository_workdir(repository) {
            path = unsafe String(cString: directory)
        }
        return unsafe Source(path: path, branch: String(cString: name), tip: ObjectID(target.pointee), borrows: borrows)
    }
}
