internal import CLibgit2
internal import CLinux
internal import LinuxSystem

extension GitMirror {
    /// Pushes `commit` to `branch` of `remote`, never forced, with this mirror's configuration alone.
    ///
    /// Runs no hook, neither here nor, for a file, there. Blocks for as long as the network does: libgit2 1.5 has no time limit, so
    /// whoever needs one calls this in a process that can be killed, which is what `pinfold-git push` is.
    package func push(_ commit: ObjectID, branch: String, to remote: GitRemote) throws(GitError) {
        guard GitDirectory.isBranchName(branch) else { throw GitError(.notFound, "\"\(branch)\" cannot be a branch's name") }
        try remote.reach("push to") { () throws(GitError) in
            try Traces.keep(in: remote.path) { () throws(GitError) in try send(commit, to: branch, remote) }
        }
    }

    private func send(_ commit: ObjectID, to branch: String, _ remote: GitRemote) throws(GitError) {
        try opened.withLock { opened throws(GitError) in
            // A push names its source by a reference.
            let source = "refs/pinfold/push/\(commit)"
            try Self.point(source, to: commit, in: opened)
            var connection: OpaquePointer?
            try git("cannot push to \(remote.shown)") {
                unsafe git_remote_create_anonymous(&connection, opened.repository, remote.bare)
            }
            defer { unsafe git_remote_free(connection) }
            var options = unsafe git_push_options()
            try git("cannot push") { unsafe git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)) }
            let talk = RemoteTalk(remote: remote)
            unsafe talk.answer(&options.callbacks)
            // Whether another host may be redirected to; on the same host libgit2 follows.
            unsafe options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
            let code = withExtendedLifetime(talk) {
                let specification = unsafe strdup("\(source):refs/heads/\(branch)")
                defer { unsafe free(specification) }
                var strings = unsafe [specification]
                return unsafe strings.withUnsafeMutableBufferPointer { list in
                    var specifications = unsafe git_strarray(strings: list.baseAddress, count: list.count)
                    return unsafe git_remote_push(connection, &specifications, &options)
                }
            }
            do throws(GitError) {
                try talk.settle("push to", code)
            } catch {
                guard let missing = try leftOut().first(where: { error.message.contains($0.key.description) }) else { throw error }
                throw GitError(
                    .refused,
                    "cannot push to \(remote.shown): its history has a file of \(missing.value) bytes (\(missing.key)) that was not taken in; raise AGENT_DEPLOY_FILE_LIMIT, restart the daemon and deploy a further commit, or push once by hand"
                )
            }
            unsafe _ = git_reference_remove(opened.repository, source)
        }
    }
}
