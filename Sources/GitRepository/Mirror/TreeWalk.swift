internal import LinuxSystem

/// Everything below a tree, in git's order, within limits.
struct TreeWalk {
    struct Item {
        let path: [UInt8]
        let entry: TreeEntry
    }

    /// - Parameter body: called for each entry, a directory before what is in it.
    static func visit(
        _ root: ObjectID, in store: ObjectStore, limits: IntakeLimits, _ body: (Item) throws(GitError) -> Void
    ) throws(GitError) {
        var count = 0
        // Pushed in reverse, so that the next in order is the last.
        var pending: [(item: Item, depth: Int)] = []
        func push(_ tree: ObjectID, below path: [UInt8], depth: Int) throws(GitError) {
            guard depth <= limits.depth else { throw GitError(.tooLarge, "directories are more than \(limits.depth) deep") }
            let entries = try store.tree(tree, limit: limits.metadataBytes)
            count += entries.count
            guard count <= limits.treeEntries else {
                throw GitError(.tooLarge, "the commit has more than \(limits.treeEntries) files and directories")
            }
            for entry in entries.reversed() {
                let full = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
                guard full.count < 4000 else { throw GitError(.tooLarge, "a path is longer than 4000 bytes") }
                pending.append((Item(path: full, entry: entry), depth))
            }
        }
        try push(root, below: [], depth: 1)
        while let (item, depth) = pending.popLast() {
            try body(item)
            if item.entry.mode == .directory { try push(item.entry.id, below: item.path, depth: depth + 1) }
        }
    }
}

extension GitMirror {
    /// Every file of the commit, in git's order; symbolic links and submodules too.
    package func files(of commit: ObjectID, limits: IntakeLimits = IntakeLimits()) throws(GitError) -> [TreeFile] {
        try opened.withLock { opened throws(GitError) in
            var files: [TreeFile] = []
            try TreeWalk.visit(try opened.store.commit(commit).tree, in: opened.store, limits: limits) { item throws(GitError) in
                if item.entry.mode == .directory { return }
                files.append(TreeFile(path: TreePath(bytes: item.path), mode: item.entry.mode, id: item.entry.id))
            }
            return files
        }
    }
}
