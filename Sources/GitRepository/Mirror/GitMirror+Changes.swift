internal import LinuxSystem

extension GitMirror {
    /// What changes from `base` (nil: from nothing) to `commit`, by path. A rename is a deletion and an addition; a file that became a
    /// directory is a deletion and what is in the directory now.
    ///
    /// Equal subtrees are not looked into: the cost grows with the change.
    package func changes(
        from base: ObjectID?, to commit: ObjectID, limits: IntakeLimits = IntakeLimits()
    ) throws(GitError) -> [Change] {
        try opened.withLock { opened throws(GitError) in
            let old = try base.map { base throws(GitError) in try opened.store.commit(base).tree }
            var comparison = TreeComparison(store: opened.store, limits: limits)
            try comparison.compare(old, try opened.store.commit(commit).tree, below: [], depth: 1)
            return comparison.changes.sorted { $0.path < $1.path }
        }
    }
}

/// Two trees, side by side.
struct TreeComparison {
    private(set) var changes: [Change] = []
    private let store: ObjectStore
    private let limits: IntakeLimits
    /// Of both trees, as far as they differ.
    private var entries = 0
    private var pathBytes = 0

    init(store: ObjectStore, limits: IntakeLimits) {
        self.store = store
        self.limits = limits
    }

    mutating func compare(_ old: ObjectID?, _ new: ObjectID?, below path: [UInt8], depth: Int) throws(GitError) {
        if old == new { return }
        guard depth <= limits.depth else { throw GitError(.tooLarge, "directories are more than \(limits.depth) deep") }
        let before = try entries(of: old)
        let after = try entries(of: new)
        var vanished = Dictionary(uniqueKeysWithValues: before.map { ($0.name, $0) })
        for entry in after {
            try compare(vanished.removeValue(forKey: entry.name), entry, below: path, depth: depth)
        }
        for entry in before where vanished[entry.name] != nil { try compare(entry, nil, below: path, depth: depth) }
    }

    private mutating func entries(of tree: ObjectID?) throws(GitError) -> [TreeEntry] {
        guard let tree else { return [] }
        let read = try store.tree(tree, limit: limits.metadataBytes)
        entries += read.count
        return read
    }

    private mutating func compare(_ old: TreeEntry?, _ new: TreeEntry?, below path: [UInt8], depth: Int) throws(GitError) {
        guard let name = (new ?? old)?.name, old != new else { return }
        let full = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
        pathBytes += full.count
        // Either tree may be as large as one can be, and have nothing in common with the other.
        try limits.check(entries: entries / 2, pathBytes: pathBytes / 2, longestPath: full.count)
        let oldTree = old?.mode == .directory ? old?.id : nil
        let newTree = new?.mode == .directory ? new?.id : nil
        if oldTree != nil || newTree != nil { try compare(oldTree, newTree, below: full, depth: depth + 1) }
        let oldFile = oldTree == nil ? old : nil
        let newFile = newTree == nil ? new : nil
        guard let status = Self.status(oldFile, newFile) else { return }
        guard changes.count < limits.treeEntries else { throw GitError(.tooLarge, "more than \(limits.treeEntries) files change") }
        changes.append(
            Change(
                status: status, path: TreePath(bytes: full), oldMode: oldFile?.mode, newMode: newFile?.mode, oldID: oldFile?.id,
                newID: newFile?.id))
    }

    private static func status(_ old: TreeEntry?, _ new: TreeEntry?) -> Change.Status? {
        guard let old else { return new == nil ? nil : .added }
        guard let new else { return .deleted }
        let plain: Set<FileMode> = [.regular, .executable]
        if old.mode != new.mode, !(plain.contains(old.mode) && plain.contains(new.mode)) { return .typeChanged }
        return old.id == new.id ? .modeChanged : .modified
    }
}
