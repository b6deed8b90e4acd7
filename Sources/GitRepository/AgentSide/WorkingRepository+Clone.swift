internal import CLibgit2
internal import CLinux

/// A fresh clone, held against what its commit has: what git will call changed there though nobody has changed it.
extension WorkingRepository {
    /// A line for each thing that is to be known. Makes the empty directories of submodules, without which git calls those deleted.
    func notesOnClone() throws(GitError) -> [String] {
        var index: OpaquePointer?
        try git("cannot open the index of \(path)") { unsafe git_repository_index(&index, repository) }
        defer { unsafe git_index_free(index) }
        var converted: [TreePath] = []
        var submodules: [TreePath] = []
        for number in 0..<(unsafe git_index_entrycount(index)) {
            guard let entry = unsafe git_index_get_byindex(index, number), let name = unsafe entry.pointee.path else { continue }
            let file = unsafe TreePath(bytes: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
            switch unsafe entry.pointee.mode & 0o170000 {
            case 0o160000:
                submodules.append(file)
                try makeDirectory(file)
            case 0o100000:
                if unsafe try differs(entry.pointee.id, name) { converted.append(file) }
            default: break
            }
        }
        var notes: [String] = []
        if !converted.isEmpty {
            notes.append(
                "git will show \(converted.listed) of the clone as changed, because the commit does not hold it as .gitattributes says "
                    + "(working-tree-encoding, text, eol, ident): `git add --renormalize .` and a commit in the source mend that")
        }
        if !submodules.isEmpty {
            notes.append(
                "the clone has empty directories in place of submodules, which are neither cloned nor deployed: \(submodules.listed)"
            )
        }
        return notes
    }

    /// Only where an attribute has git convert the file are its bytes not simply the blob's.
    private func differs(_ id: git_oid, _ name: UnsafePointer<CChar>) throws(GitError) -> Bool {
        var filters: OpaquePointer?
        try git("cannot tell how \(path) is converted") {
            unsafe git_filter_list_load(&filters, repository, nil, name, GIT_FILTER_TO_ODB, GIT_FILTER_DEFAULT.rawValue)
        }
        guard let filters = unsafe filters else { return false }
        unsafe git_filter_list_free(filters)
        var found = git_oid()
        // What cannot be converted back cannot be committed either.
        guard unsafe git_repository_hashfile(&found, repository, name, GIT_OBJECT_BLOB, name) == 0 else { return true }
        return ObjectID(found) != ObjectID(id)
    }

    private func makeDirectory(_ submodule: TreePath) throws(GitError) {
        let directory = (Array(path.utf8) + [UInt8(ascii: "/")] + submodule.bytes).map { CChar(bitPattern: $0) } + [0]
        guard unsafe mkdir(directory, 0o777) == -1, pinfold_errno() != EEXIST, pinfold_errno() != ENOENT else { return }
        try attempt("cannot make the directory of the submodule \(submodule)") { unsafe mkdir(directory, 0o777) }
    }
}

extension [TreePath] {
    /// The first few, and how many more.
    fileprivate var listed: String {
        prefix(3).map(\.description).joined(separator: ", ") + (count > 3 ? " and \(count - 3) more" : "")
    }
}
