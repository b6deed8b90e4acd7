internal import CLibgit2
internal import CLinux

/// A repository with its working directory, as its own user works with it: the identity of its commits, and committing what changed.
/// Runs no hook and no filter program.
@safe package final class WorkingRepository {
    let repository: OpaquePointer
    let path: String

    package init(_ path: String) throws(GitError) {
        Library.start()
        self.path = path
        var opened: OpaquePointer?
        try git("cannot open the repository \(path)") {
            unsafe git_repository_open_ext(&opened, path, GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue, nil)
        }
        guard let opened = unsafe opened else { throw GitError(.notFound, "cannot open the repository \(path)") }
        unsafe repository = unsafe opened
    }

    deinit { unsafe git_repository_free(repository) }

    /// Writes `user.name` and `user.email` into the repository's configuration, where `git commit` looks first.
    package func setIdentity(name: String, email: String) throws(GitError) {
        var configuration: OpaquePointer?
        try git("cannot open the configuration of \(path)") { unsafe git_repository_config(&configuration, repository) }
        defer { unsafe git_config_free(configuration) }
        for (key, value) in [("user.name", name), ("user.email", email)] {
            if unsafe try self.value(of: key, in: configuration) == value { continue }
            try git("cannot set \(key) in \(path)") { unsafe git_config_set_string(configuration, key, value) }
        }
    }

    private func value(of key: String, in configuration: OpaquePointer?) throws(GitError) -> String? {
        var buffer = unsafe git_buf()
        let code = unsafe git_config_get_string_buf(&buffer, configuration, key)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try git("cannot read \(key) in \(path)") { code }
        defer { unsafe git_buf_dispose(&buffer) }
        return unsafe String(cString: buffer.ptr)
    }

    /// What `commitAll` did.
    package enum Outcome: Hashable, Sendable {
        case made(ObjectID)
        /// Nothing had changed: the tip as it was.
        case unchanged(ObjectID)
        /// These paths have changed, and there is no message: nothing was committed.
        case needsMessage(ObjectID, [TreePath])
    }

    /// Stages everything as `git add -A` does, `.gitignore` honoured, and commits it on `branch`, which has to be checked out.
    ///
    /// Refused, before anything is written, on another branch, without one, while anything is in conflict, and while a merge, a rebase or
    /// another operation is half done: whoever began that knows what the commit is to say.
    package func commitAll(on branch: String, message: String?, name: String, email: String) throws(GitError) -> Outcome {
        guard unsafe git_repository_is_bare(repository) == 0 else { throw GitError(.notReady, "\(path) has no working directory") }
        if let operation = RepositoryState.words(unsafe git_repository_state(repository)) {
            throw GitError(.notReady, "\(path) is in the middle of a \(operation): finish or abort it first")
        }
        // What a commit that was cut short has left in the agent's `.git` stops the agent's next one too.
        return try Traces.keep(in: unsafe String(cString: git_repository_path(repository))) { () throws(GitError) in
            try commitAll(onto: try tip(of: branch), of: branch, message, name, email)
        }
    }

    private func commitAll(
        onto tip: ObjectID, of branch: String, _ message: String?, _ name: String, _ email: String
    ) throws(GitError) -> Outcome {
        var index: OpaquePointer?
        try git("cannot open the index of \(path)") { unsafe git_repository_index(&index, repository) }
        defer { unsafe git_index_free(index) }
        let tree = unsafe try stage(index)
        if try self.tree(of: tip) == tree { return .unchanged(tip) }
        guard let message else { return .needsMessage(tip, unsafe try changes(of: index, since: tip)) }
        try git("cannot write the index of \(path)") { unsafe git_index_write(index) }
        let text = message.hasSuffix("\n") ? message : message + "\n"
        return .made(try create(on: branch, tree: tree, parent: tip, message: text, name: name, email: email))
    }

    /// The commit of `branch`, which has to be what HEAD leads to.
    private func tip(of branch: String) throws(GitError) -> ObjectID {
        let wanted = "refs/heads/\(branch)"
        guard GitDirectory.isBranchName(branch) else { throw GitError(.notFound, "\"\(branch)\" cannot be a branch's name") }
        guard unsafe git_repository_head_detached(repository) != 1 else {
            throw GitError(
                .notReady,
                "\(path) has no branch checked out (detached HEAD), and \(branch) is the one that deploys: `git switch \(branch)`")
        }
        var head: OpaquePointer?
        let code = unsafe git_repository_head(&head, repository)
        let isUnborn = code == GIT_EUNBORNBRANCH.rawValue || code == GIT_ENOTFOUND.rawValue
        if !isUnborn { try git("cannot read HEAD of \(path)") { code } }
        defer { unsafe git_reference_free(head) }
        let current = isUnborn ? try symbolicHead() : unsafe String(cString: git_reference_name(head))
        guard current == wanted else {
            let shown = current.hasPrefix("refs/heads/") ? String(current.dropFirst(11)) : current
            throw GitError(
                .notReady, "\(path) is on the branch \(shown), and \(branch) is the one that deploys: `git switch \(branch)` first")
        }
        guard !isUnborn, let target = unsafe git_reference_target(head) else {
            throw GitError(.notReady, "the branch \(branch) of \(path) has no commit yet: make the first one with `git commit`")
        }
        return unsafe ObjectID(target.pointee)
    }

    /// What HEAD names, which need not exist.
    private func symbolicHead() throws(GitError) -> String {
        var head: OpaquePointer?
        try git("cannot read HEAD of \(path)") { unsafe git_reference_lookup(&head, repository, "HEAD") }
        defer { unsafe git_reference_free(head) }
        guard let target = unsafe git_reference_symbolic_target(head) else { return "HEAD" }
        return unsafe String(cString: target)
    }

    /// The tree of everything as it is in the working directory. The index on disk stays as it is.
    private func stage(_ index: OpaquePointer?) throws(GitError) -> ObjectID {
        // Conflicts show before anything is staged over them: adding would mark them as resolved with the markers inside.
        guard unsafe git_index_has_conflicts(index) == 0 else {
            throw GitError(.notReady, "\(path) has files in conflict: resolve them first")
        }
        // The first adds and refreshes, the second takes out what is gone.
        try git("cannot stage the changes in \(path)") {
            unsafe git_index_add_all(index, nil, GIT_INDEX_ADD_DEFAULT.rawValue, nil, nil)
        }
        try git("cannot stage the deletions in \(path)") { unsafe git_index_update_all(index, nil, nil, nil) }
        var tree = git_oid()
        try git("cannot write the tree of \(path)") { unsafe git_index_write_tree_to(&tree, index, repository) }
        return ObjectID(tree)
    }

    private func changes(of index: OpaquePointer?, since commit: ObjectID) throws(GitError) -> [TreePath] {
        var raw = try tree(of: commit).raw
        var before: OpaquePointer?
        try git("cannot read the tree of \(commit)") { unsafe git_tree_lookup(&before, repository, &raw) }
        defer { unsafe git_tree_free(before) }
        var difference: OpaquePointer?
        try git("cannot compare \(path) with \(commit)") {
            unsafe git_diff_tree_to_index(&difference, repository, before, index, nil)
        }
        defer { unsafe git_diff_free(difference) }
        return unsafe (0..<git_diff_num_deltas(difference)).compactMap { number in
            guard let name = unsafe git_diff_get_delta(difference, number)?.pointee.new_file.path else { return nil }
            return unsafe TreePath(bytes: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
        }
    }

    private func tree(of commit: ObjectID) throws(GitError) -> ObjectID {
        var found: OpaquePointer?
        var raw = commit.raw
        try git("cannot read commit \(commit)") { unsafe git_commit_lookup(&found, repository, &raw) }
        defer { unsafe git_commit_free(found) }
        return unsafe ObjectID(git_commit_tree_id(found).pointee)
    }

    /// By the branch's own name: whatever HEAD has become meanwhile, nothing is committed elsewhere.
    private func create(
        on branch: String, tree: ObjectID, parent: ObjectID, message: String, name: String, email: String
    ) throws(GitError) -> ObjectID {
        var (rawTree, rawParent) = (tree.raw, parent.raw)
        var foundTree: OpaquePointer?
        try git("cannot read tree \(tree)") { unsafe git_tree_lookup(&foundTree, repository, &rawTree) }
        defer { unsafe git_tree_free(foundTree) }
        var foundParent: OpaquePointer?
        try git("cannot read commit \(parent)") { unsafe git_commit_lookup(&foundParent, repository, &rawParent) }
        defer { unsafe git_commit_free(foundParent) }
        var signature: UnsafeMutablePointer<git_signature>?
        try git("\"\(name) <\(email)>\" cannot be a commit's author") { unsafe git_signature_now(&signature, name, email) }
        defer { unsafe git_signature_free(signature) }
        var id = git_oid()
        var parents = unsafe [foundParent]
        try git("cannot commit in \(path)") {
            unsafe parents.withUnsafeMutableBufferPointer { list in
                unsafe git_commit_create(
                    &id, repository, "refs/heads/\(branch)", signature, signature, nil, message, foundTree, list.count,
                    list.baseAddress)
            }
        }
        return ObjectID(id)
    }
}

/// What git has begun and not finished in a repository.
enum RepositoryState {
    /// nil where it is nothing.
    static func words(_ state: Int32) -> String? {
        switch UInt32(bitPattern: state) {
        case GIT_REPOSITORY_STATE_NONE.rawValue: nil
        case GIT_REPOSITORY_STATE_MERGE.rawValue: "merge"
        case GIT_REPOSITORY_STATE_REVERT.rawValue, GIT_REPOSITORY_STATE_REVERT_SEQUENCE.rawValue: "revert"
        case GIT_REPOSITORY_STATE_CHERRYPICK.rawValue, GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE.rawValue: "cherry-pick"
        case GIT_REPOSITORY_STATE_BISECT.rawValue: "bisect"
        default: "rebase"
        }
    }
}
