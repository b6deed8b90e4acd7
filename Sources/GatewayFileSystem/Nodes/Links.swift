internal import FuseSession
internal import LinuxSystem
internal import Synchronization

/// The names that files with several names are known to have inside a zone.
///
/// An inode with a name outside the zone must never be changed through it, or the zone would reach outside: existing hard links have
/// breached every sandbox that was tried. `st_nlink` says how many names there are; a file is writable while that many different ones are
/// known in the zone. Files and names are kept as hashes, a word each.
///
/// What is known may be too little, and then it is looked for (`ZonePlane+Counting`): names that nobody has come by since the start, or of
/// which reports were lost or came late. It is never too much, but for a name that goes beside the mount: that stays counted until coherence
/// reports it, some milliseconds. So it outlives the kernel's knowledge of a file, which goes whenever memory is wanted elsewhere.
final class Links: Sendable {
    private struct State {
        /// Which file each name leads to.
        var owners: [UInt64: UInt64] = [:]
        /// How many names of each file are known.
        var counts: [UInt64: UInt32] = [:]
        /// How often something was forgotten that may be right all the same.
        var losses: UInt64 = 0
        var answer: Answer?
        /// Directories that moved while names are looked for; nil while nobody does.
        var moved: [FileHandle]?
    }

    /// That all names were looked for: what is short of names then has one outside.
    private struct Answer {
        /// It holds for files whose names were as they are already then.
        let before: Timestamp
        /// Nanoseconds of the monotonic clock: a clock that was set back, or a filesystem that does not date a rename, deceives for so long only.
        let until: UInt64
    }

    private let state = Lock(State())
    private let tracked = Atomic<Int>(0)
    /// How many names are kept: some 60 MB. Beyond that all are forgotten, and looked for as they are needed.
    private let capacity: Int

    init(capacity: Int = 1 << 20) { self.capacity = capacity }

    /// Whether no file with several names is known, as in most zones: nothing needs to be counted then.
    var isEmpty: Bool { tracked.load(ordering: .acquiring) == 0 }
    /// Whether nothing is known at all, nor looked for.
    var isIdle: Bool { state.withLock { $0.owners.isEmpty && $0.answer == nil && $0.moved == nil } }

    /// A number for `name` in the directory of `parent`; never 0. Seeded for each process: nobody can make two names that count as one.
    static func key(_ parent: FileHandle, _ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(parent)
        unsafe hasher.combine(bytes: UnsafeRawBufferPointer(name))
        return UInt64(bitPattern: Int64(hasher.finalize())) | 1
    }

    /// A number for a file, likewise.
    static func number(_ file: FileHandle) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(file)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    @inline(__always)
    private func change<Result>(_ body: (inout State) -> Result) -> Result {
        state.withLock { state in
            let result = body(&state)
            tracked.store(state.owners.count, ordering: .releasing)
            return result
        }
    }

    // MARK: What is known

    /// How many different names of `file` are known.
    func count(_ file: UInt64) -> Int { state.withLock { Int($0.counts[file] ?? 0) } }

    /// `file` has this name.
    func saw(_ key: UInt64, of file: UInt64) {
        guard key != 0 else { return }
        change { state in
            if state.owners.count >= capacity, state.owners[key] == nil { Self.forgetAll(&state) }
            Self.add(key, file, &state)
        }
    }

    /// The same of what was found while names were looked for: the files that nobody asked about give way, not what is known of others.
    func found(_ key: UInt64, of file: UInt64, isWanted: Bool) {
        change { state in
            guard isWanted || state.owners.count < capacity else { return }
            Self.add(key, file, &state)
        }
    }

    private static func add(_ key: UInt64, _ file: UInt64, _ state: inout State) {
        let previous = state.owners.updateValue(file, forKey: key)
        if previous == file { return }
        if let previous { drop(previous, &state) }
        state.counts[file, default: 0] += 1
    }

    private static func drop(_ file: UInt64, _ state: inout State) {
        let left = (state.counts[file] ?? 1) - 1
        state.counts[file] = left == 0 ? nil : left
    }

    /// The name is gone: unlinked, renamed, or another file's. With `file`, only if it was that one's.
    func forget(name key: UInt64, of file: UInt64? = nil) {
        change { state in
            guard let owner = state.owners[key], file == nil || file == owner else { return }
            state.owners[key] = nil
            Self.drop(owner, &state)
        }
    }

    /// The file that is known to have the name.
    func owner(of key: UInt64) -> UInt64? { isEmpty ? nil : state.withLock { $0.owners[key] } }

    /// The name went beside the mount; should it have come to be anew in this very moment, it is missed, and looked for.
    func wentElsewhere(name key: UInt64) {
        change { state in
            guard let owner = state.owners.removeValue(forKey: key) else { return }
            Self.drop(owner, &state)
            state.losses += 1
            state.answer = nil
        }
    }

    /// The kernel forgot a file that was last found under `key`. One name is as well counted when the file is found again; without a handle
    /// the number may be another file's by then.
    func forget(_ node: Node) {
        if isEmpty { return }
        let file = Self.number(node.handle)
        change { state in
            guard let count = state.counts[file] else { return }
            if !node.handle.isHandle {
                state.owners = state.owners.filter { $0.value != file }
                state.counts[file] = nil
            } else if count == 1, state.owners[node.nameKey] == file {
                state.owners[node.nameKey] = nil
                state.counts[file] = nil
            }
        }
    }

    /// Nothing that was counted can be relied upon any more.
    func forgetAll() { change { Self.forgetAll(&$0) } }

    private static func forgetAll(_ state: inout State) {
        state.owners = [:]
        state.counts = [:]
        state.losses += 1
        state.answer = nil
    }

    /// How often something was forgotten that may be right all the same: what was counted before says nothing of what is missing now.
    var losses: UInt64 { state.withLock { $0.losses } }

    // MARK: Looking for names

    /// Whether names were looked for since `file` got those that it has, so that there is none to be found that is not known.
    func wasLookedFor(_ changed: Timestamp, now: UInt64) -> Bool {
        state.withLock { state in
            guard let answer = state.answer else { return false }
            return now < answer.until
                && (changed.seconds, changed.nanoseconds) < (answer.before.seconds, answer.before.nanoseconds)
        }
    }

    /// Directories that move from here on are kept for `nextMoved`; answers what `end` wants.
    func begin() -> UInt64 {
        state.withLock { state in
            state.moved = []
            return state.losses
        }
    }

    /// A directory moved: perhaps from where names are still to be looked for to where that was done.
    func moved(_ directory: FileHandle) { state.withLock { $0.moved?.append(directory) } }

    /// One of the directories that moved meanwhile.
    func nextMoved() -> FileHandle? { state.withLock { $0.moved?.popLast() } }

    /// All names were looked for: whether all that was found is still known; nil where a directory moved in the last moment.
    func end(_ losses: UInt64, before: Timestamp, until: UInt64) -> Bool? {
        state.withLock { state in
            guard state.moved?.isEmpty != false else { return nil }
            state.moved = nil
            guard state.losses == losses else { return false }
            // Where not all had room, who is short of names has to look for his own.
            if state.owners.count < capacity { state.answer = Answer(before: before, until: until) }
            return true
        }
    }

    /// Nobody looks any more.
    func giveUp() { state.withLock { $0.moved = nil } }
}
