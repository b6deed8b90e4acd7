/// Collects what commits bring: each commit, and of its tree what is not under the same path in one of its parents' trees.
///
/// Grows with the change, not with the tree. Something moved elsewhere is sent once more, which costs bytes and nothing else.
///
/// Commits must come after their parents. Then whatever is collected is whole at any moment: what was left out because a parent has it was
/// collected with the parent, or is had by the receiver. In another order a tree that comes back (a revert) would be taken as done when
/// only its difference to a later one was collected.
struct NewObjects {
    private(set) var ids: [ObjectID] = []
    /// Files above the limit: a commit that has one cannot be taken in, a later one that no longer has it can.
    private(set) var leftOut: [ObjectID: Int] = [:]
    private var known: Set<ObjectID> = []
    private var cache: [ObjectID: [TreeEntry]] = [:]
    private let store: ObjectStore
    private let limits: IntakeLimits

    init(store: ObjectStore, limits: IntakeLimits) {
        self.store = store
        self.limits = limits
    }

    mutating func add(_ commit: ObjectID) throws(GitError) {
        let summary = try store.commit(commit, limit: limits.commitBytes)
        guard try note(commit) else { return }
        var bases: [ObjectID] = []
        for parent in summary.parents {
            guard try store.header(of: parent) != nil else {
                throw GitError(
                    .corrupt, "commit \(commit) has the parent \(parent), which is missing (a shallow or damaged repository)")
            }
            bases.append(try store.commit(parent, limit: limits.commitBytes).tree)
        }
        if !bases.contains(summary.tree) { try addTree(summary.tree, against: bases, depth: 1) }
    }

    private mutating func addTree(_ tree: ObjectID, against bases: [ObjectID], depth: Int) throws(GitError) {
        guard depth <= limits.depth else { throw GitError(.tooLarge, "directories are more than \(limits.depth) deep") }
        guard try note(tree) else { return }
        var old: [[[UInt8]: TreeEntry]] = []
        for base in bases { old.append(Dictionary(uniqueKeysWithValues: try entries(of: base).map { ($0.name, $0) })) }
        for entry in try entries(of: tree) where entry.mode != .submodule {
            let before = old.compactMap { $0[entry.name] }
            if before.contains(where: { $0.id == entry.id }) { continue }
            if entry.mode == .directory {
                try addTree(entry.id, against: before.filter { $0.mode == .directory }.map(\.id), depth: depth + 1)
            } else if !known.contains(entry.id) {
                guard let header = try store.header(of: entry.id) else {
                    throw GitError(.corrupt, "the file \(TreePath(bytes: entry.name)) (\(entry.id)) is missing from the repository")
                }
                if header.size <= limits.blobBytes {
                    _ = try note(entry.id)
                } else {
                    known.insert(entry.id)
                    leftOut[entry.id] = header.size
                    guard leftOut.count <= LeftOut.most else {
                        throw GitError(.tooLarge, "the history has more than \(LeftOut.most) files above \(limits.blobBytes) bytes")
                    }
                }
            }
        }
    }

    /// Throws where a file that was left out is one of this commit's own.
    func checkWhole(_ commit: ObjectID) throws(GitError) {
        guard !leftOut.isEmpty else { return }
        var walk = TreeWalk(try store.commit(commit, limit: limits.metadataBytes).tree, in: store, limits: limits)
        while let item = try walk.next() {
            if let size = leftOut[item.entry.id] { throw LeftOut.refusal(TreePath(bytes: item.path), size, limits: limits) }
        }
    }

    /// True the first time.
    private mutating func note(_ id: ObjectID) throws(GitError) -> Bool {
        guard known.insert(id).inserted else { return false }
        ids.append(id)
        guard ids.count <= limits.objects else {
            throw GitError(.tooLarge, "there are more than \(limits.objects) objects to take in")
        }
        return true
    }

    private mutating func entries(of tree: ObjectID) throws(GitError) -> [TreeEntry] {
        if let held = cache[tree] { return held }
        let read = try store.tree(tree, limit: limits.metadataBytes)
        // A history walks over the same trees twice, close together: as the child's and as the parent's.
        if cache.count > 512 { cache.removeAll(keepingCapacity: true) }
        cache[tree] = read
        return read
    }
}
