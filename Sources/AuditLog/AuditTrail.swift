internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Takes events from any thread at once and writes them from one of its own: nobody who is served waits for the disk.
package final class AuditTrail: Sendable {
    private struct State {
        var events: [AuditEvent] = []
        var weight = 0
        var dropped: UInt64 = 0
        var isStopping = false
        var changes: Bucket
        var refusals: Bucket
        var view: Bucket
    }

    private let state: Lock<State>
    private let limits: AuditLimits
    private let bell: EventDescriptor
    private let ended: EventDescriptor
    private let report: @Sendable (String) -> Void
    private let tally: AuditTally?

    /// Opens the record below `directory`, which is there already and root's alone, and starts it.
    /// - Parameters:
    ///   - tally: what outlives this process; what it says to be outstanding was lost with one before, and is counted as dropped.
    ///   - report: is told, from the trail's own thread, when records cannot be written.
    package init(
        directory: String, limits: AuditLimits = AuditLimits(), tally: AuditTally? = nil,
        report: @escaping @Sendable (String) -> Void
    ) throws(AuditError) {
        let now = SystemClock.monotonic
        self.limits = limits
        self.report = report
        state = Lock(
            State(
                dropped: tally?.outstanding ?? 0, changes: Bucket(limits.changes, now), refusals: Bucket(limits.refusals, now),
                view: Bucket(limits.view, now)))
        self.tally = tally
        let writer = try AuditWriter(directory, limits)
        do throws(Errno) {
            bell = try EventDescriptor()
            ended = try EventDescriptor()
            // What cannot be written now is an error of the start, not of some later moment.
            try writer.append([Self.own(.start)])
            try writer.settle()
        } catch {
            throw AuditError("\(directory) cannot be written: \(error)", error)
        }
        do throws(Errno) {
            _ = try SystemThread("audit") { [self] in run(writer) }
        } catch {
            throw AuditError("no thread for the audit record: \(error)", error)
        }
    }

    /// Takes an event, or counts it as dropped.
    package func record(_ event: AuditEvent) {
        let now = SystemClock.monotonic
        let weight = event.weight
        tally?.took(1)
        let ring = state.withLock { state in
            guard !state.isStopping, state.weight < limits.queueBytes, weight <= AuditEvent.most,
                event.isInView
                    ? state.view.take(weight, now)
                    : event.isRefusal ? state.refusals.take(weight, now) : state.changes.take(weight, now)
            else {
                state.dropped += 1
                return state.dropped == 1
            }
            state.events.append(event)
            state.weight += weight
            return state.events.count == 1
        }
        if ring { bell.set() }
    }

    /// Counts events that somebody else had to drop.
    package func recordDropped(_ count: UInt64) {
        tally?.took(count)
        let ring = state.withLock { state in
            state.dropped &+= count
            return state.dropped == count
        }
        if ring { bell.set() }
    }

    /// Writes what has come so far and ends; waits for that, ten seconds at most.
    package func stop() {
        state.withLock { $0.isStopping = true }
        bell.set()
        ended.wait(milliseconds: 10_000)
    }

    // MARK: Its thread

    private func run(_ writer: AuditWriter) {
        if state.withLock({ $0.dropped > 0 }) { bell.set() }
        var settled = SystemClock.monotonic
        var lost: UInt64 = 0
        var hasFailed = false
        while true {
            bell.wait(milliseconds: writer.isBehind || lost > 0 ? 1000 : -1)
            // Those that follow at once share one write.
            if !state.withLock({ $0.isStopping }) { SystemThread.sleep(milliseconds: Self.gathering) }
            bell.clear()
            let (events, dropped, isStopping) = state.withLock { state in
                let taken = (state.events, state.dropped, state.isStopping)
                state.events = []
                state.weight = 0
                state.dropped = 0
                return taken
            }
            lost += dropped
            let now = SystemClock.monotonic
            let isTime = now - settled >= 1_000_000_000 || isStopping
            var batch = events
            if lost > 0, isTime {
                var event = Self.own(.dropped)
                event.count = lost
                batch.append(event)
            }
            if isStopping { batch.append(Self.own(.stop)) }
            do throws(Errno) {
                if !batch.isEmpty { try writer.append(batch) }
                tally?.told(UInt64(events.count) + (isTime ? lost : 0))
                if isTime { lost = 0 }
                hasFailed = false
            } catch {
                lost += UInt64(events.count)
                if !hasFailed { report("the audit record cannot be written: \(error); what is missing is counted") }
                hasFailed = true
            }
            if isTime {
                try? writer.settle()
                settled = now
            }
            if isStopping {
                ended.set()
                return
            }
        }
    }

    /// Milliseconds.
    private static let gathering: UInt64 = 50

    private static func own(_ operation: AuditOperation) -> AuditEvent {
        var event = AuditEvent(operation)
        event.process = getpid()
        event.command = Array("pinfold-mount".utf8)
        return event
    }
}

/// A token bucket: so many at once, and then so many a second. Who does things by long names pays for what they take in the record, which others' are
/// pruned for.
private struct Bucket {
    private let rate: AuditLimits.Rate
    private var tokens: Double
    private var filled: UInt64

    /// What a token pays for.
    private static let usual = 1024.0

    init(_ rate: AuditLimits.Rate, _ now: UInt64) {
        self.rate = rate
        tokens = rate.burst
        filled = now
    }

    mutating func take(_ weight: Int, _ now: UInt64) -> Bool {
        if now > filled {
            tokens = min(tokens + Double(now - filled) / 1e9 * rate.perSecond, rate.burst)
            filled = now
        }
        let price = max(1, Double(weight) / Self.usual)
        guard tokens >= price else { return false }
        tokens -= price
        return true
    }
}
