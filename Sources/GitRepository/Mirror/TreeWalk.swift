internal import LinuxSystem

/// Everything below a tree, in git's order, within limits: a directory comes before what is in it.
///
/// A value that is asked for the next, and no function that is handed a closure: the optimizer of Swift 6.3 makes code that crashes of a
/// closure here that throws a typed error and changes several captured variables.
struct TreeWalk {
    struct Item {
        let path: [UInt8]
        let entry: TreeEntry
    }

    private let store: ObjectStore
    private let limits: IntakeLimits
    private var count = 0
    private var pathBytes = 0
    /// Pushed in reverse, so that the next in order is the last.
    private var pending: [(item: Item, depth: Int)] = []
    /// Whose entries come next.
    private var opened: (tree: ObjectID, path: [UInt8], depth: Int)?

    init(_ root: ObjectID, in store: ObjectStore, limits: IntakeLimits) {
        self.store = store
        self.limits = limits
        opened = (root, [], 1)
    }

    /// nil at the end.
    mutating func next() throws(GitError) -> Item? {
        if let (tree, path, depth) = opened {
            opened = nil
            try push(tree, below: path, depth: depth)
        }
        guard let (item, depth) = pending.popLast() else { return nil }
        if item.entry.mode == .directory { opened = (item.entry.id, item.path, depth + 1) }
        return item
    }

    private mutating func push(_ tree: ObjectID, below path: [UInt8], depth: Int) throws(GitError) {
        guard depth <= limits.depth else { throw GitError(.tooLarge, "directories are more than \(limits.depth) deep") }
        let entries = try store.tree(tree, limit: limits.metadataBytes)
        count += entries.count
        for entry in entries.reversed() {
            let full = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
            pathBytes += full.count
            try limits.check(entries: count, pathBytes: pathBytes, longestPath: full.count)
            pending.append((Item(path: full, entry: entry), depth))
        }
    }
}

extension GitMirror {
    /// Every file of the commit, in git's order; symbolic links and submodules too.
    package func files(of commit: ObjectID, limits: IntakeLimits = IntakeLimits()) throws(GitError) -> [TreeFile] {
        try opened.withLock { opened throws(GitError) in
            var files: [TreeFile] = []
            var walk = TreeWalk(try opened.store.commit(commit).tree, in: opened.store, limits: limits)
            while let item = try walk.next() {
                if item.entry.mode == .directory { continue }
                files.append(TreeFile(path: TreePath(bytes: item.path), mode: item.entry.mode, id: item.entry.id))
            }
            return files
        }
    }
}
