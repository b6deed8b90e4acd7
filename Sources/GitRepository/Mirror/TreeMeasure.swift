internal import LinuxSystem

/// How large a tree is when each directory counts as often as it is reached. Eleven objects can stand for ten thousand million files; each is
/// looked at once here, so that such a tree is refused before anybody walks it.
struct TreeMeasure {
    /// Of one tree, without its own name.
    private struct Size {
        var entries = 0
        /// Bytes of all paths below it.
        var pathBytes = 0
        var longestPath = 0
        /// Directories inside one another, itself included.
        var height = 1
    }

    private let store: ObjectStore
    private let limits: IntakeLimits
    private var known: [ObjectID: Size] = [:]

    init(store: ObjectStore, limits: IntakeLimits) {
        self.store = store
        self.limits = limits
    }

    /// - Throws: `tooLarge`, with the limit that is reached.
    mutating func check(_ tree: ObjectID) throws(GitError) {
        _ = try size(of: tree, depth: 1)
    }

    private mutating func size(of tree: ObjectID, depth: Int) throws(GitError) -> Size {
        if let size = known[tree] {
            try check(depth: depth + size.height - 1)
            return size
        }
        try check(depth: depth)
        var size = Size()
        for entry in try store.tree(tree, limit: limits.metadataBytes) {
            size.entries += 1
            size.pathBytes += entry.name.count
            size.longestPath = max(size.longestPath, entry.name.count)
            if entry.mode == .directory {
                let below = try self.size(of: entry.id, depth: depth + 1)
                size.entries += below.entries
                size.pathBytes += below.pathBytes + below.entries * (entry.name.count + 1)
                size.longestPath = max(size.longestPath, entry.name.count + 1 + below.longestPath)
                size.height = max(size.height, 1 + below.height)
            }
            // Whatever is part of a tree is not larger than it: the first part that is too large is the end, and nothing overflows.
            try limits.check(entries: size.entries, pathBytes: size.pathBytes, longestPath: size.longestPath)
        }
        known[tree] = size
        return size
    }

    private func check(depth: Int) throws(GitError) {
        guard depth <= limits.depth else { throw GitError(.tooLarge, "directories are more than \(limits.depth) deep") }
    }
}

extension IntakeLimits {
    /// What walks a tree holds of it at most.
    func check(entries: Int, pathBytes: Int, longestPath: Int) throws(GitError) {
        guard entries <= treeEntries else {
            throw GitError(.tooLarge, "the commit has more than \(treeEntries) files and directories")
        }
        guard longestPath < Self.pathLimit else { throw GitError(.tooLarge, "a path is longer than \(Self.pathLimit) bytes") }
        guard pathBytes <= self.pathBytes else {
            throw GitError(.tooLarge, "the paths of the commit's files have more than \(self.pathBytes >> 20) MiB together")
        }
    }

    /// Of a path, which the kernel takes up to 4096 bytes, with something in front of it.
    private static let pathLimit = 4000
}

extension GitMirror {
    /// Refuses a commit whose tree is larger than what can be compared, exported and listed. The cost grows with its directories.
    package func checkSize(of commit: ObjectID, limits: IntakeLimits = IntakeLimits()) throws(GitError) {
        try opened.withLock { opened throws(GitError) in
            var measure = TreeMeasure(store: opened.store, limits: limits)
            try measure.check(try opened.store.commit(commit).tree)
        }
    }
}
