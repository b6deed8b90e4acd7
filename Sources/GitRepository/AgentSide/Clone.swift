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
        /// Where from, without a password.
        package let source: String
        /// What will surprise whoever works in it, a line each.
        package let notes: [String]
    }

    /// Clones the repository that `source` names, or lies in where it is a directory, to `destination`, which must not exist or be empty.
    ///
    /// What a failure leaves there is the caller's to remove. The source stays as the remote `origin`, without what authenticates.
    package static func make(from source: GitRemote, to destination: String) throws(GitError) -> Outcome {
        Library.start()
        if let path = source.path { return try make(fromDirectory: path, to: destination) }
        try source.reach("clone") { () throws(GitError) in
            var options = unsafe try cloneOptions()
            let talk = RemoteTalk(remote: source)
            unsafe talk.answer(&options.fetch_opts.callbacks)
            unsafe options.fetch_opts.follow_redirects = GIT_REMOTE_REDIRECT_NONE
            var clone: OpaquePointer?
            let code = withExtendedLifetime(talk) { unsafe git_clone(&clone, source.bare, destination, &options) }
            unsafe git_repository_free(clone)
            try talk.settle("clone", code)
        }
        let made = try opened(destination, as: source.shown)
        return try finish(made, in: destination, from: source.shown)
    }

    private static func make(fromDirectory source: String, to destination: String) throws(GitError) -> Outcome {
        let from = try opened(source, as: source)
        var options = unsafe try cloneOptions()
        // Object files are copied, never linked: a hard link would let a write in the copy reach the source. With borrowed objects
        // a copy of the files would not be whole, so there every object is carried over.
        unsafe options.local = from.borrows ? GIT_CLONE_NO_LOCAL : GIT_CLONE_LOCAL_NO_LINKS
        // By its name, and not by the HEAD that the copying meets: a linked worktree's is its own, and may lead through a symbolic branch.
        let branch = unsafe strdup(from.branch)
        defer { unsafe free(branch) }
        unsafe options.checkout_branch = UnsafePointer(branch)
        var clone: OpaquePointer?
        try git("cannot clone \(source) to \(destination)") { unsafe git_clone(&clone, from.path, destination, &options) }
        unsafe git_repository_free(clone)
        return try finish(from, in: destination, from: source)
    }

    private static func cloneOptions() throws(GitError) -> git_clone_options {
        var options = unsafe git_clone_options()
        try git("cannot clone") { unsafe git_clone_options_init(&options, UInt32(GIT_CLONE_OPTIONS_VERSION)) }
        unsafe options.checkout_opts.checkout_strategy = GIT_CHECKOUT_SAFE.rawValue
        return unsafe options
    }

    /// Holds the clone against what was to be cloned, and looks at what it shows.
    private static func finish(_ wanted: Source, in destination: String, from source: String) throws(GitError) -> Outcome {
        guard try wanted.tip == BranchTip(repository: destination).read(wanted.branch) else {
            throw GitError(
                .corrupt,
                "the clone in \(destination) does not have \(wanted.branch) at \(wanted.tip): it changed meanwhile, try again")
        }
        return Outcome(
            branch: wanted.branch, tip: wanted.tip, source: source, notes: try WorkingRepository(destination).notesOnClone())
    }

    private struct Source {
        let path: String
        let branch: String
        let tip: ObjectID
        let borrows: Bool
    }

    private static func opened(_ path: String, as source: String) throws(GitError) -> Source {
        var repository: OpaquePointer?
        let code = unsafe git_repository_open_ext(&repository, path, 0, nil)
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
            throw GitError(.notReady, "\(source) has no commit yet on the branch that its HEAD names: make one first")
        }
        try git("cannot read HEAD of \(source)") { found }
        defer { unsafe git_reference_free(head) }
        guard let name = unsafe git_reference_name(head), let target = unsafe git_reference_target(head),
            unsafe git_reference_is_branch(head) == 1
        else {
            throw GitError(.notReady, "\(source) has no branch checked out: switch to the branch that is to be deployed")
        }
        // Strictly: with a byte replaced it would be another branch's name.
        let bytes = unsafe UnsafeRawBufferPointer(start: name, count: strlen(name)).dropFirst("refs/heads/".utf8.count)
        guard let branch = unsafe String(validating: bytes, as: UTF8.self), GitDirectory.isBranchName(branch) else {
            throw GitError(
                .unsupported,
                "the branch of \(source), \(unsafe TreePath(bytes: Array(bytes))), has a name that is not UTF-8 or too long: give it another with `git branch -m`"
            )
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
        return unsafe Source(path: path, branch: branch, tip: ObjectID(target.pointee), borrows: borrows)
    }
}
