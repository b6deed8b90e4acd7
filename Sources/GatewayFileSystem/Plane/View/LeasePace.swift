internal import FuseSession
internal import LinuxSystem

/// How often a file is asked whether somebody has it open for writing, where an answer has to be had: for a lock.
///
/// Each such question is a lease for a moment, and whoever opens the file for writing in that moment waits, or gets EWOULDBLOCK with O_NONBLOCK. So that nobody who
/// locks all the time keeps a server from its files, questions of one file are kept apart; who asks too many at once is told that there is no lock.
final class LeasePace: Sendable {
    /// When the next may ask, in nanoseconds of the monotonic clock, by the file's number: of two that meet in one slot each waits for the other.
    private let turns = Lock([UInt64](repeating: 0, count: 256))
    /// Nanoseconds: the lease is there for some two thousand of them.
    private static let distance: UInt64 = 500_000
    /// As long as one of those who serve the view may be kept.
    private static let patience: UInt64 = 2_000_000

    /// Waits for the turn of one who asks about `file`.
    ///
    /// - Returns: false where too many wait already.
    func wait(_ file: NodeID) -> Bool {
        let slot = Int(truncatingIfNeeded: (file.rawValue &* 0x9e37_79b9_7f4a_7c15) >> 56)
        let now = SystemClock.monotonic
        let turn = turns.withLock { turns -> UInt64? in
            let turn = max(turns[slot], now)
            guard turn - now <= Self.patience else { return nil }
            turns[slot] = turn + Self.distance
            return turn
        }
        guard let turn else { return false }
        if turn > now { SystemThread.sleep(nanoseconds: turn - now) }
        return true
    }
}
