internal import CLibgit2
internal import CLinux
internal import LinuxSystem

/// What came into the mirror while something else was being read from it.
struct Arrivals: Sendable {
    var count = 0
    /// Tips that have been taken in and are not named yet.
    var unnamed: Set<ObjectID> = []
}

/// The mirror keeps what it has a name for, and what that is built on. What loses its last name, as a branch that was rewritten does, is given
/// back to the disk once there is enough of it.
extension GitMirror {
    private static let reclaimedName = "reclaimed"

    /// Names no other commit any more than these; the one that was marked as seen last keeps its own name.
    package func keep(only commits: Set<ObjectID>) throws(GitError) {
        for commit in try seen() where !commits.contains(commit) { try forget(commit) }
    }

    /// Removes the objects that no named commit is built on, where the packs have more than doubled since the last time, and grown by `least`
    /// bytes beside. Returns how many bytes that gave back.
    ///
    /// Everything may go on meanwhile: what is kept is written into a pack of its own, and only then, in one moment in which nothing comes in,
    /// the packs that were there go. A crash leaves objects twice. The next start of this begins anew.
    package func reclaim(least: Int = 64 << 20, isCalledOff: () -> Bool = { false }) throws(GitError) -> Int {
        let before = try packs()
        let bytes = before.values.reduce(0, +)
        let last = try noted(in: Self.reclaimedName).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        guard bytes > 2 * last + least else { return 0 }
        // A handle of its own: the others' take turns with everybody.
        let store = try ObjectStore(objects: path + "/objects")
        var kept = Kept(store: store, leftOut: try opened.withLock { _ throws(GitError) in try leftOut() })
        var made: Set<String> = []
        for _ in 1...10 {
            let (count, roots) = try opened.withLock { opened throws(GitError) in
                (arrivals.withLock { $0.count }, try self.roots(opened))
            }
            let fresh = try kept.add(roots, isCalledOff)
            if made.isEmpty, try store.all().allSatisfy({ kept.ids.contains($0) }) {
                try note("\(bytes)", in: Self.reclaimedName)
                return 0
            }
            if !fresh.isEmpty { made.insert(try pack(fresh, from: store, isCalledOff)) }
            let hasEnded = try opened.withLock { opened throws(GitError) in
                guard arrivals.withLock({ $0.count }) == count, try self.roots(opened) == roots else { return false }
                try remove(before.keys.filter { !made.contains($0) })
                opened = try Opened(path: path)
                return true
            }
            guard hasEnded else { continue }
            let after = try packs().values.reduce(0, +)
            try note("\(after)", in: Self.reclaimedName)
            return bytes - after
        }
        // Something came in each time: the next time.
        return 0
    }

    /// Everything that has a name, or is about to get one.
    private func roots(_ opened: Opened) throws(GitError) -> Set<ObjectID> {
        var iterator: OpaquePointer?
        try git("cannot list the references") { unsafe git_reference_iterator_glob_new(&iterator, opened.repository, "refs/*") }
        defer { unsafe git_reference_iterator_free(iterator) }
        var result = arrivals.withLock { $0.unnamed }
        while true {
            var reference: OpaquePointer?
            let code = unsafe git_reference_next(&reference, iterator)
            if code == GIT_ITEROVER.rawValue { return result }
            try git("cannot list the references") { code }
            if let target = unsafe git_reference_target(reference) { unsafe result.insert(ObjectID(target.pointee)) }
            unsafe git_reference_free(reference)
        }
    }

    /// The packs by name, with their sizes.
    private func packs() throws(GitError) -> [String: Int] {
        let directory = path + "/objects/pack"
        var result: [String: Int] = [:]
        for name in try Self.names(in: directory) where name.hasSuffix(".idx") {
            let base = String(name.dropLast(4))
            var status = stat()
            if unsafe stat("\(directory)/\(base).pack", &status) == 0 { result[base] = Int(status.st_size) }
        }
        return result
    }

    private func pack(_ ids: [ObjectID], from store: ObjectStore, _ isCalledOff: () -> Bool) throws(GitError) -> String {
        let directory = path + "/objects/pack"
        let indexer = try PackIndexer(directory: directory)
        // Whatever limits its objects were taken in with.
        var limits = IntakeLimits()
        limits.blobBytes = .max
        limits.metadataBytes = .max
        try withoutActuallyEscaping(isCalledOff) { isCalledOff in
            Result { () throws(GitError) in
                unsafe try PackWriter.write(ids.sorted(), from: store, limits: limits) { part throws(GitError) in
                    guard !isCalledOff() else { throw GitError(.timedOut, "it was called off") }
                    unsafe try indexer.append(part)
                }
            }
        }.get()
        let name = "pack-" + (try indexer.finish(expecting: ids.count))
        try Self.sync(directory: directory)
        return name
    }

    private func remove(_ packs: [String]) throws(GitError) {
        for base in packs {
            // The index first: a pack without one is not looked at.
            for suffix in [".idx", ".pack"] {
                let file = "\(path)/objects/pack/\(base)\(suffix)"
                // Small ones may have been put together meanwhile.
                do throws(GitError) {
                    try attempt("cannot remove \(file)") { unsafe unlink(file) }
                } catch {
                    guard error.kind == .notFound else { throw error }
                }
            }
        }
    }
}

/// Everything that some commits are built on.
private struct Kept {
    private(set) var ids: Set<ObjectID> = []
    private let store: ObjectStore
    private let leftOut: [ObjectID: Int]

    init(store: ObjectStore, leftOut: [ObjectID: Int]) {
        self.store = store
        self.leftOut = leftOut
    }

    /// Returns what was not known yet.
    mutating func add(_ commits: Set<ObjectID>, _ isCalledOff: () -> Bool) throws(GitError) -> [ObjectID] {
        var fresh: [ObjectID] = []
        var trees: [ObjectID] = []
        var pending = Array(commits)
        while let id = pending.popLast() {
            guard ids.insert(id).inserted else { continue }
            fresh.append(id)
            let commit = try store.commit(id)
            pending += commit.parents
            trees.append(commit.tree)
        }
        while let id = trees.popLast() {
            guard ids.insert(id).inserted else { continue }
            guard !isCalledOff() else { throw GitError(.timedOut, "it was called off") }
            fresh.append(id)
            for entry in try store.tree(id) {
                switch entry.mode {
                case .submodule: continue
                case .directory: trees.append(entry.id)
                case .regular, .executable, .symbolicLink:
                    if ids.contains(entry.id) || (leftOut[entry.id] != nil && !store.contains(entry.id)) { continue }
                    ids.insert(entry.id)
                    fresh.append(entry.id)
                }
            }
        }
        return fresh
    }
}
