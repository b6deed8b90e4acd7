internal import FuseSession
internal import LinuxSystem
internal import Synchronization

/// The names that files with several names are known to have inside a zone.
///
/// An inode with a name outside the zone must never be changed through it, or the zone would reach outside: existing hard links have
/// breached every sandbox that was tried. `st_nlink` says how many names there are; a file is writable while that many different ones have
/// been seen in the zone. Names are counted by a hash of the parent's handle and the name, so that nothing but a number is kept.
///
/// A name that goes beside the mount stays counted until coherence reports it (`forget(name:)`), some milliseconds.
final class Links: Sendable {
    private struct State {
        var names: [NodeID: Set<UInt64>] = [:]
        var owner: [UInt64: NodeID] = [:]
    }
    private let state = Lock(State())
    private let tracked = Atomic<Int>(0)

    /// Whether no file with several names is known, as in most zones: nothing needs to be counted then.
    var isEmpty: Bool { tracked.load(ordering: .acquiring) == 0 }

    /// A number for `name` in the directory of `parent`; never 0. Seeded for each process: nobody can make two names that count as one.
    static func key(_ parent: FileHandle, _ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(parent)
        unsafe hasher.combine(bytes: UnsafeRawBufferPointer(name))
        return UInt64(bitPattern: Int64(hasher.finalize())) | 1
    }

    /// `id` has this name.
    func saw(_ key: UInt64, of id: NodeID) {
        guard key != 0 else { return }
        state.withLock { state in
            if let previous = state.owner.updateValue(id, forKey: key), previous != id { state.names[previous]?.remove(key) }
            state.names[id, default: []].insert(key)
            tracked.store(state.owner.count, ordering: .releasing)
        }
    }

    /// The name is gone: unlinked, renamed, or another file's.
    func forget(name key: UInt64) {
        state.withLock { state in
            guard !state.owner.isEmpty, let id = state.owner.removeValue(forKey: key) else { return }
            state.names[id]?.remove(key)
            tracked.store(state.owner.count, ordering: .releasing)
        }
    }

    /// The kernel forgot the file: its names are counted anew when it is found again.
    func forget(_ id: NodeID) {
        if isEmpty { return }
        state.withLock { state in
            for key in state.names.removeValue(forKey: id) ?? [] { state.owner[key] = nil }
            tracked.store(state.owner.count, ordering: .releasing)
        }
    }

    /// Nothing that was counted can be relied upon any more.
    func forgetAll() {
        state.withLock { state in
            state = State()
            tracked.store(0, ordering: .releasing)
        }
    }

    /// How many different names of `id` have been seen.
    func count(_ id: NodeID) -> Int { state.withLock { $0.names[id]?.count ?? 0 } }
}
