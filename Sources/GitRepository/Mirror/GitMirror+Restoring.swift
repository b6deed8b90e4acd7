internal import LinuxSystem

extension GitMirror {
    /// Whether one of the commits that are reached from `tip` and not from `bad` has, at each path of `changes`, what these changed.
    ///
    /// Of each commit no more is looked at than the directories above those paths, up to the first difference. What cannot be found out
    /// within bounds is not taken for restored.
    /// - Parameter changes: from the good version to `bad`.
    package func hasRestored(
        _ changes: [Change], of bad: ObjectID, by tip: ObjectID, isCalledOff: () -> Bool = { false }
    ) throws(GitError) -> Bool {
        let candidates = try commits(from: bad, to: tip, limit: 500)
        return try opened.withLock { opened throws(GitError) in
            var lookup = PathLookup(store: opened.store, steps: 5_000_000)
            for commit in candidates {
                if isCalledOff() { return false }
                let tree = try opened.store.commit(commit).tree
                var isRestored = true
                for change in changes {
                    guard let found = try lookup.file(at: change.path, in: tree) else { return false }
                    guard found.mode == change.oldMode, found.id == change.oldID else {
                        isRestored = false
                        break
                    }
                }
                if isRestored { return true }
            }
            return false
        }
    }
}

/// Finds files by their paths in many trees that have most of their directories in common.
private struct PathLookup {
    private let store: ObjectStore
    private var steps: Int
    private var directories: [ObjectID: [[UInt8]: TreeEntry]] = [:]
    private var held = 0

    init(store: ObjectStore, steps: Int) {
        self.store = store
        self.steps = steps
    }

    /// Mode and id, both nil where there is no file; nil where the steps are used up.
    mutating func file(at path: TreePath, in root: ObjectID) throws(GitError) -> (mode: FileMode?, id: ObjectID?)? {
        var directory = root
        let names = path.components
        for (index, name) in names.enumerated() {
            let entries = try entries(of: directory)
            steps -= 1
            guard steps > 0 else { return nil }
            guard let entry = entries[Array(name)] else { return (nil, nil) }
            if index == names.count - 1 { return entry.mode == .directory ? (nil, nil) : (entry.mode, entry.id) }
            guard entry.mode == .directory else { return (nil, nil) }
            directory = entry.id
        }
        return (nil, nil)
    }

    private mutating func entries(of tree: ObjectID) throws(GitError) -> [[UInt8]: TreeEntry] {
        if let known = directories[tree] { return known }
        let read = try store.tree(tree)
        steps -= read.count
        if held + read.count > 200_000 {
            directories = [:]
            held = 0
        }
        held += read.count
        let entries = Dictionary(uniqueKeysWithValues: read.map { ($0.name, $0) })
        directories[tree] = entries
        return entries
    }
}
