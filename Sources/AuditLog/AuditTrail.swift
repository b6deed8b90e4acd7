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
    private let bell: SharedDescriptor
    private let ended: SharedDescriptor
    private let report: @Sendable (String) -> Void

    /// Opens the record below `directory`, which is there already and root's alone, and starts it.
    /// - Parameter report: is told, from the trail's own thread, when records cannot be written.
    package init(
        directory: String, limits: AuditLimits = AuditLimits(), report: @escaping @Sendable (String) -> Void
    ) throws(AuditError) {
        let now = Self.monotonic()
        self.limits = limits
        self.report = report
        state = Lock(
            State(changes: Bucket(limits.changes, now), refusals: Bucket(limits.refusals, now), view: Bucket(limits.view, now)))
        let writer = try AuditWriter(directory, limits)
        do throws(Errno) {
            bell = try Self.makeBell()
            ended = try Self.makeBell()
            // What cannot be written now is an error of the start, not of some later moment.
            try writer.append([Self.own(.start)])
            try writer.settle()
        } catch {
            throw AuditError("\(directory) cannot be written: \(error)")
        }
        do throws(Errno) {
            _ = try SystemThread("audit") { [self] in run(writer) }
        } catch {
            throw AuditError("no thread for the audit record: \(error)")
        }
    }

    /// Takes an event, or counts it as dropped.
    package func record(_ event: AuditEvent) {
        let now = Self.monotonic()
        let ring = state.withLock { state in
            guard !state.isStopping, state.weight < limits.queueBytes,
                event.isInView ? state.view.take(now) : event.isRefusal ? state.refusals.take(now) : state.changes.take(now)
            else {
                state.dropped += 1
                return state.dropped == 1
            }
            state.events.append(event)
            state.weight += event.weight
            return state.events.count == 1
        }
        if ring { Self.ring(bell) }
    }

    /// Counts events that somebody else had to drop.
    func recordDropped(_ count: UInt64) {
        let ring = state.withLock { state in
            state.dropped &+= count
            return state.dropped == count
        }
        if ring { Self.ring(bell) }
    }

    /// Writes what has come so far and ends; waits for that, ten seconds at most.
    package func stop() {
        state.withLock { $0.isStopping = true }
        Self.ring(bell)
        var entry = pollfd(fd: ended.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        unsafe poll(&entry, 1, 10_000)
    }

    // MARK: Its thread

    private func run(_ writer: AuditWriter) {
        var settled = Self.monotonic()
        var lost: UInt64 = 0
        var hasFailed = false
        while true {
            var entry = pollfd(fd: bell.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            unsafe poll(&entry, 1, writer.isBehind || lost > 0 ? 1000 : -1)
            // Those that follow at once share one write.
            if !state.withLock({ $0.isStopping }) { poll(nil, 0, Self.gathering) }
            var count: UInt64 = 0
            _ = unsafe read(bell.descriptor.rawValue, &count, 8)
            let (events, dropped, isStopping) = state.withLock { state in
                let taken = (state.events, state.dropped, state.isStopping)
                state.events = []
                state.weight = 0
                state.dropped = 0
                return taken
            }
            lost += dropped
            let now = Self.monotonic()
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
                Self.ring(ended)
                return
            }
        }
    }

    /// Milliseconds.
    private static let gathering: Int32 = 50

    private static func own(_ operation: AuditOperation) -> AuditEvent {
        var event = AuditEvent(operation)
        event.process = getpid()
        event.command = Array("pinfold-mount".utf8)
        return event
    }

    private static func makeBell() throws(Errno) -> SharedDescriptor {
        SharedDescriptor(Descriptor(owning: try check { eventfd(0, O_CLOEXEC | O_NONBLOCK) }))
    }

    private static func ring(_ bell: SharedDescriptor) {
        var one: UInt64 = 1
        _ = unsafe write(bell.descriptor.rawValue, &one, 8)
    }

    /// Nanoseconds that never run backwards.
    private static func monotonic() -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// A token bucket: so many at once, and then so many a second.
private struct Bucket {
    private let rate: AuditLimits.Rate
    private var tokens: Double
    private var filled: UInt64

    init(_ rate: AuditLimits.Rate, _ now: UInt64) {
        self.rate = rate
        tokens = rate.burst
        filled = now
    }

    mutating func take(_ now: UInt64) -> Bool {
        if now > filled {
            tokens = min(tokens + Double(now - filled) / 1e9 * rate.perSecond, rate.burst)
            filled = now
        }
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
