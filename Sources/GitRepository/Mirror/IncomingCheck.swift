/// Checks a pack before it joins the mirror: everything that the tip reaches is in it or in the mirror already, of the type that it is
/// referred to as, within the limits, with names and modes that a checkout may make; and nothing else is in it. Files that are left out may be
/// missing from earlier commits, never from the tip.
///
/// The last matters as much as the first: an object without what it refers to would make the next check stop too early.
struct IncomingCheck {
    private let fresh: ObjectStore
    private let mirror: ObjectStore
    private let limits: IntakeLimits
    private let deadline: ContinuousClock.Instant
    private let isCalledOff: () -> Bool
    private var visited: Set<ObjectID> = []

    init(
        fresh: ObjectStore, mirror: ObjectStore, limits: IntakeLimits, deadline: ContinuousClock.Instant,
        isCalledOff: @escaping () -> Bool
    ) {
        self.fresh = fresh
        self.mirror = mirror
        self.limits = limits
        self.deadline = deadline
        self.isCalledOff = isCalledOff
    }

    /// - Parameter leftOut: what the mirror lacks already and what is said to be left out this time.
    mutating func run(tip: ObjectID, expecting objects: Int, leftOut: [ObjectID: Int]) throws(GitError) {
        try checkWhole(tip, leftOut)
        var trees: [(id: ObjectID, depth: Int)] = []
        var commits = [tip]
        while let id = commits.popLast() {
            guard try arrives(id, as: .commit, limit: limits.commitBytes) else { continue }
            let commit = try fresh.commit(id, limit: limits.commitBytes)
            commits += commit.parents
            trees.append((commit.tree, 1))
        }
        while let (id, depth) = trees.popLast() {
            guard depth <= limits.depth else { throw GitError(.tooLarge, "directories are more than \(limits.depth) deep") }
            guard try arrives(id, as: .tree, limit: limits.metadataBytes) else { continue }
            for entry in try fresh.tree(id, limit: limits.metadataBytes) {
                switch entry.mode {
                case .submodule: break
                case .directory: trees.append((entry.id, depth + 1))
                case .symbolicLink: _ = try arrives(entry.id, as: .blob, limit: 4096)
                case .regular, .executable:
                    if leftOut[entry.id] != nil, try lacks(entry.id) { continue }
                    _ = try arrives(entry.id, as: .blob, limit: limits.blobBytes)
                }
            }
        }
        guard visited.count == objects else {
            throw GitError(.hostile, "the pack holds \(objects - visited.count) objects that the commit does not need")
        }
    }

    private func lacks(_ id: ObjectID) throws(GitError) -> Bool {
        if try fresh.header(of: id) != nil { return false }
        return try mirror.header(of: id) == nil
    }

    /// All files of the tip, those in trees that the mirror has already too: they may have been left out when those came.
    private func checkWhole(_ tip: ObjectID, _ leftOut: [ObjectID: Int]) throws(GitError) {
        guard !leftOut.isEmpty, try fresh.header(of: tip) != nil else { return }
        var pending = [(tree: try fresh.commit(tip, limit: limits.metadataBytes).tree, path: [UInt8](), depth: 1)]
        var entries = 0
        while let (tree, path, depth) = pending.popLast() {
            guard ContinuousClock.now < deadline else { throw GitError(.timedOut, "the commit could not be checked in time") }
            guard depth <= limits.depth else { throw GitError(.tooLarge, "directories are more than \(limits.depth) deep") }
            let holder = try fresh.header(of: tree) == nil ? mirror : fresh
            for entry in try holder.tree(tree, limit: limits.metadataBytes) {
                entries += 1
                guard entries <= limits.treeEntries else {
                    throw GitError(.tooLarge, "the commit has more than \(limits.treeEntries) files and directories")
                }
                let full = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
                if entry.mode == .directory {
                    pending.append((entry.id, full, depth + 1))
                } else if let size = leftOut[entry.id], try lacks(entry.id) {
                    throw LeftOut.refusal(TreePath(bytes: full), size, limits: limits)
                }
            }
        }
    }

    /// Whether `id` is in the pack and is met for the first time; an error where it is neither there nor in the mirror.
    private mutating func arrives(_ id: ObjectID, as type: ObjectType, limit: Int) throws(GitError) -> Bool {
        guard !isCalledOff() else { throw GitError(.timedOut, "taking in was called off") }
        guard ContinuousClock.now < deadline else { throw GitError(.timedOut, "the pack could not be checked in time") }
        if let header = try fresh.header(of: id) {
            guard header.type == type else {
                throw GitError(.hostile, "\(id) is a \(header.type.name), referred to as a \(type.name)")
            }
            guard header.size <= limit else {
                throw GitError(.tooLarge, "\(type.name) \(id) has \(header.size) bytes; at most \(limit) are taken in")
            }
            return visited.insert(id).inserted
        }
        guard let header = try mirror.header(of: id) else {
            throw GitError(.corrupt, "the \(type.name) \(id) is missing from what was handed over")
        }
        guard header.type == type else {
            throw GitError(.hostile, "\(id) is a \(header.type.name), referred to as a \(type.name)")
        }
        return false
    }
}
