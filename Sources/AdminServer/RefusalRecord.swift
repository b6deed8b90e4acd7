internal import AdminInterface
internal import DeployModel
internal import LinuxSystem

/// Writes refusals into the history, but not more of them than a person would read: whoever is refused decides how often it asks, and
/// must not be able to fill the disk with that.
final class RefusalRecord: Sendable {
    private let service: any DeployServing
    private let pause: Duration
    private let seen = Lock<[String: Entry]>([:])

    private struct Entry {
        var last: ContinuousClock.Instant
        var unwritten = 0
    }

    /// - Parameter pause: how long the same refusal of the same caller is only counted after it has been written.
    init(_ service: any DeployServing, pause: Duration = .seconds(30)) {
        self.service = service
        self.pause = pause
    }

    func note(who: String, what: String, outcome: String) {
        let now = ContinuousClock.now
        let count: Int? = seen.withLock { seen in
            let key = "\(who) \(what)"
            guard var entry = seen[key] else {
                // Callers and routes are few; more than that many keys is an attempt to use up memory.
                guard seen.count < 1000 else { return nil }
                seen[key] = Entry(last: now)
                return 0
            }
            guard now - entry.last >= pause else {
                entry.unwritten += 1
                seen[key] = entry
                return nil
            }
            seen[key] = Entry(last: now)
            return entry.unwritten
        }
        guard let count else { return }
        let more = count == 0 ? "" : " (and \(count) more times before)"
        service.record(Event(at: WallClock.now, who: who, what: what, outcome: outcome + more))
    }
}
