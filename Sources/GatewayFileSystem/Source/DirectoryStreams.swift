internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import Synchronization

/// Listings that stopped where a reply was full, by the directory and the position that the next request will ask for.
///
/// Without an open request for directories a request knows no more than these two. A listing that nobody goes on with leaves when others
/// push it out. Of two readers at the same position either may have it: the other opens its own. What was read ahead before somebody began to list is
/// nothing to him, who may have begun behind a change.
final class DirectoryStreams: Sendable {
    private struct Parked {
        let id: NodeID
        // Owned by this table while it is in it, by the request that took it out afterwards: never by two.
        nonisolated(unsafe) let stream: DirectoryStream
        let milliseconds: Int64
        /// What `begun(_:at:)` said of the directory when the stream was last fresh.
        let begun: UInt32
    }
    /// How many listings have begun, of all directories whose numbers end alike.
    private let beginnings = (0..<64).map { _ in Counter() }
    private final class Counter: Sendable { let value = Atomic<UInt32>(0) }
    private let parked = Lock([Parked]())
    private let capacity: Int

    init(capacity: Int) { self.capacity = max(capacity, 2) }

    /// Somebody asks for a directory from its beginning, or goes on. Asked before it is read: what this answers goes with the stream.
    func begun(_ id: NodeID, at position: Int64) -> UInt32 {
        let counter = beginnings[Int(id.rawValue % 64)]
        return position == 0
            ? counter.value.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue : counter.value.load(ordering: .acquiring)
    }

    /// The listing of `id` that stands at `position`, and whether what it has read ahead is too old to be used by who goes on at `begun`.
    func take(_ id: NodeID, at position: Int64, _ begun: UInt32) -> (stream: DirectoryStream, isOld: Bool)? {
        let found: Parked? = parked.withLock { parked in
            guard let index = parked.lastIndex(where: { unsafe $0.id == id && $0.stream.position == position }) else { return nil }
            return parked.remove(at: index)
        }
        return found.map { unsafe ($0.stream, $0.begun != begun || Self.now() - $0.milliseconds > 500) }
    }

    func park(_ stream: DirectoryStream, _ id: NodeID, _ begun: UInt32) {
        // The one pushed out is closed after the lock is let go of.
        let out: Parked? = parked.withLock { parked in
            let out = parked.count >= capacity ? parked.removeFirst() : nil
            parked.append(Parked(id: id, stream: stream, milliseconds: Self.now(), begun: begun))
            return out
        }
        _ = out
    }

    /// The kernel forgot the directory.
    func drop(_ id: NodeID) {
        let out: [Parked] = parked.withLock { parked in
            guard parked.contains(where: { $0.id == id }) else { return [] }
            let out = parked.filter { $0.id == id }
            parked.removeAll { $0.id == id }
            return out
        }
        _ = out
    }

    private static func now() -> Int64 { Int64(SystemClock.coarse / 1_000_000) }
}
