internal import DeployModel

/// How the branch moved since the last record of it. A commit that was never seen is always worth a record. Moves back to commits that have one
/// already are a few in a row, as by somebody who resets and changes their mind; where they go on, a record is made now and then, and once the
/// branch rests, and it has the number of those that got none.
struct BranchMoves {
    /// Moves to known commits that are recorded at once; each is earned back after `pause`.
    private static let burst = 4
    private static let pause = Duration.seconds(10)
    /// A branch that stays for so long has come to rest.
    private static let rest = Duration.seconds(3)

    private var last: CommitID?
    private var lastMove = ContinuousClock.now
    /// Seen, and in no record.
    private var count = 0
    private var free = Self.burst
    private var earned = ContinuousClock.now

    mutating func see(_ tip: CommitID, at now: ContinuousClock.Instant = .now) {
        guard tip != last else { return }
        if last != nil { count += 1 }
        last = tip
        lastMove = now
    }

    /// Whether a record is to be made of the branch at a commit that has one, of moves that have none.
    mutating func mayRecord(at now: ContinuousClock.Instant = .now) -> Bool {
        while free < Self.burst, now - earned >= Self.pause {
            free += 1
            earned += Self.pause
        }
        if now - lastMove >= Self.rest { return true }
        guard free > 0 else { return false }
        if free == Self.burst { earned = now }
        free -= 1
        return true
    }

    /// Whether the branch has come to rest after moves that are in no record.
    func isSettled(at now: ContinuousClock.Instant = .now) -> Bool { count > 0 && now - lastMove >= Self.rest }

    /// When there may be something to record though nothing moves any more; nil where there is nothing.
    var due: ContinuousClock.Instant? { count > 0 ? lastMove + Self.rest : nil }

    /// The moves that a record has to tell of beside its own, which is one of them unless it is of a branch that came back; none are left.
    mutating func take(with own: Bool) -> Int {
        defer { count = 0 }
        return max(0, own ? count - 1 : count)
    }
}
