internal import CLibgit2

/// A repository with its working directory, as its own user works with it: the identity of its commits, and committing what changed.
/// Runs no hook and no filter program.
@safe package final class WorkingRepository {
    private let repository: OpaquePointer
    private let path: String

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
    package struct Outcome: Hashable, Sendable {
        package let commit: ObjectID
        /// False where nothing had changed: `commit` is then the tip as it was.
        package let isNew: Bool
    }

    /// Stages everything as `git add -A` does, `.gitignore` honoured, and commits it on the current branch.
    ///
    /// A merge that is being made is finished by it. Refused while anything is in conflict or another operation is half done.
    package func commitAll(message: String, name: String, email: String) throws(GitError) -> Outcome {
        guard unsafe git_repository_is_bare(repository) == 0 else { throw GitError(.notReady, "\(path) has no working directory") }
        let state = UInt32(bitPattern: unsafe git_repository_state(repository))
        guard state == GIT_REPOSITORY_STATE_NONE.rawValue || state == GIT_REPOSITORY_STATE_MERGE.rawValue else {
            throw GitError(
                .notReady, "\(path) is in the middle of a rebase, cherry-pick, revert or bisect: finish or abort it first")
        }
        guard unsafe git_repository_head_detached(repository) != 1 else {
            throw GitError(.notReady, "\(path) has no branch checked out (detached HEAD): switch to the branch that deploys")
        }
        var parents = try head().map { [$0] } ?? []
        let tree = try stage()
        if state == GIT_REPOSITORY_STATE_NONE.rawValue, let tip = parents.first {
            if try self.tree(of: tip) == tree { return Outcome(commit: tip, isNew: false) }
        } else if state == GIT_REPOSITORY_STATE_MERGE.rawValue {
            parents += try mergeHeads()
        }
        let text = message.hasSuffix("\n") ? message : message + "\n"
        let commit = try create(tree: tree, parents: parents, message: text, name: name, email: email)
        try git("cannot finish the merge in \(path)") { unsafe git_repository_state_cleanup(repository) }
        return Outcome(commit: commit, isNew: true)
    }

    /// Nil where the branch has no commit yet.
    private func head() throws(GitError) -> ObjectID? {
        var id = git_oid()
        let code = unsafe git_reference_name_to_id(&id, repository, "HEAD")
        if code == GIT_ENOTFOUND.rawValue || code == GIT_EUNBORNBRANCH.rawValue { return nil }
        try git("cannot read HEAD of \(path)") { code }
        return ObjectID(id)
    }

    private func stage() throws(GitError) -> ObjectID {
        var index: OpaquePointer?
        try git("cannot open the index of \(path)") { unsafe git_repository_index(&index, repository) }
        defer { unsafe git_index_free(index) }
        // Conflicts show before anything is staged over them: adding would mark them as resolved with the markers inside.
        guard unsafe git_index_has_conflicts(index) == 0 else {
            throw GitError(.notReady, "\(path) has files in conflict: resolve them first")
        }
        // The first adds and refreshes, the second takes out what is gone.
        try git("cannot stage the changes in \(path)") {
            unsafe git_index_add_all(index, nil, GIT_INDEX_ADD_DEFAULT.rawValue, nil, nil)
        }
        try git("cannot stage the deletions in \(path)") { unsafe git_index_update_all(index, nil, nil, nil) }
        try git("cannot write the index of \(path)") { unsafe git_index_write(index) }
        var tree = git_oid()
        try git("cannot write the tree of \(path)") { unsafe git_index_write_tree(&tree, index) }
        return ObjectID(tree)
    }

    private func tree(of commit: ObjectID) throws(GitError) -> ObjectID {
        var found: OpaquePointer?
        var raw = commit.raw
        try git("cannot read commit \(commit)") { unsafe git_commit_lookup(&found, repository, &raw) }
        defer { unsafe git_commit_free(found) }
        return unsafe ObjectID(git_commit_tree_id(found).pointee)
    }

    private func mergeHeads() throws(GitError) -> [ObjectID] {
        final class Heads { var ids: [ObjectID] = [] }
        let heads = Heads()
        try git("cannot read what is being merged in \(path)") {
            withExtendedLifetime(heads) {
                unsafe git_repository_mergehead_foreach(
                    repository,
                    { id, payload in
                        guard let id = unsafe id, let payload = unsafe payload else { return -1 }
                        unsafe Unmanaged<Heads>.fromOpaque(payload).takeUnretainedValue().ids.append(ObjectID(id.pointee))
                        return 0
                    }, Unmanaged.passUnretained(heads).toOpaque())
            }
        }
        return heads.ids
    }

    private func create(
        tree: ObjectID, parents: [ObjectID], message: String, name: String, email: String
    ) throws(GitError) -> ObjectID {
        var rawTree = tree.raw
        var foundTree: OpaquePointer?
        try git("cannot read tree \(tree)") { unsafe git_tree_lookup(&foundTree, repository, &rawTree) }
        defer { unsafe git_tree_free(foundTree) }
        var found: [OpaquePointer?] = unsafe []
        defer { while let commit = unsafe found.popLast() { unsafe git_commit_free(commit) } }
        for parent in parents {
            var raw = parent.raw
            var commit: OpaquePointer?
            try git("cannot read commit \(parent)") { unsafe git_commit_lookup(&commit, repository, &raw) }
            unsafe found.append(commit)
        }
        var signature: UnsafeMutablePointer<git_signature>?
        try git("\"\(name) <\(email)>\" cannot be a commit's author") { unsafe git_signature_now(&signature, name, email) }
        defer { unsafe git_signature_free(signature) }
        var id = git_oid()
        try git("cannot commit in \(path)") {
            unsafe found.withUnsafeMutableBufferPointer { list in
                unsafe git_commit_create(
                    &id, repository, "HEAD", signature, signature, nil, message, foundTree, list.count, list.baseAddress)
            }
        }
        return ObjectID(id)
    }
}
