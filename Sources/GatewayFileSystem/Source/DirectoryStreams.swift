internal import CLinux
internal import FuseSession
internal import LinuxSystem

/// Listings that stopped where a reply was full, by the directory and the position that the next request will ask for.
///
/// Without an open request for directories a request knows no more than these two. A listing that nobody goes on with leaves when others
/// push it out. Of two readers at the same position either may have it: the other opens its own.
final class DirectoryStreams: Sendable {
    private struct Parked {
        let id: NodeID
        // Owned by this table while it is in it, by the request that took it out afterwards: never by two.
        nonisolated(unsafe) let stream: DirectoryStream
        let milliseconds: Int64
    }
    private let parked = Lock([Parked]())
    private let capacity: Int

    init(capacity: Int) { self.capacity = max(capacity, 2) }

    /// The listing of `id` that stands at `position`, and whether what it has read ahead is too old to be used.
    func take(_ id: NodeID, at position: Int64) -> (stream: DirectoryStream, isOld: Bool)? {
        let found: Parked? = parked.withLock { parked in
            guard let index = parked.lastIndex(where: { unsafe $0.id == id && $0.stream.position == position }) else { return nil }
            return parked.remove(at: index)
        }
        return found.map { unsafe ($0.stream, Self.now() - $0.milliseconds > 500) }
    }

    func park(_ stream: DirectoryStream, _ id: NodeID) {
        // The one pushed out is closed after the lock is let go of.
        let out: Parked? = parked.withLock { parked in
            let out = parked.count >= capacity ? parked.removeFirst() : nil
            parked.append(Parked(id: id, stream: stream, milliseconds: Self.now()))
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
