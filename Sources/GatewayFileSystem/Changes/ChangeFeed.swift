internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// What changes on the machine's file systems, as the kernel reports it once for all views that use the feed: one of them reads, and hands each change to those who
/// know what it is about. So five views cost what one costs, the writer of a busy disk as well.
///
/// All of them have the kernel's queue, and the memory (`FeedMemory`). Whichever gets the first lane reads, until it ends: then another one gets it at once, and what
/// was read and not handed out is in the memory still. One that stands still (a stopped process, a frozen control group) is noticed, and another reads by the next lane.
final class ChangeFeed: Sendable {
    private let monitor: FilesystemMonitor
    private let memory: FeedMemory
    private let stopSignal: EventDescriptor
    private let isStopping = Atomic(false)

    /// One that nobody else uses yet.
    /// - Parameter hasLimit: whether the queue has the machine's limit; without it there is no overflow but for want of memory.
    convenience init(hasLimit: Bool = false) throws(Errno) {
        try self.init(FilesystemMonitor(hasLimit: hasLimit), FeedMemory())
    }

    /// One that others use, or did.
    init(_ monitor: consuming FilesystemMonitor, _ memory: FeedMemory) throws(Errno) {
        self.monitor = monitor
        self.memory = memory
        stopSignal = try EventDescriptor()
    }

    /// What others go on with.
    var descriptors: (queue: Int32, memory: Int32) { (monitor.rawDescriptor, memory.rawDescriptor) }

    /// Has the kernel report what changes on that file system.
    func watch(filesystemOf location: borrowing Descriptor) throws(Errno) {
        try monitor.watch(filesystemOf: location, FilesystemMonitor.everything)
    }

    /// - Parameter limit: how many bytes may wait; nil for as many as there is room for.
    func subscribe(
        to changes: FilesystemEvent.Changes, _ manner: Manner, limit: UInt64? = nil
    ) throws(Errno) -> Subscription {
        try Subscription(memory, changes, manner, limit: limit)
    }

    /// The seat that another program's process had.
    func subscription(_ claim: consuming Descriptor) throws(Errno) -> Subscription {
        try Subscription(memory, adopting: claim)
    }

    /// Whether all that was reported until now is in the rings.
    var isHandedOut: Bool { !monitor.isWaiting && !memory.isReading }

    // MARK: Reading

    /// Starts the thread that reads for all, or waits until it is to.
    func startReading() throws(Errno) {
        _ = try SystemThread("changes") { [self] in read() }
    }

    /// Has the thread end soon; nobody has to wait for that.
    func stopReading() {
        isStopping.store(true, ordering: .releasing)
        stopSignal.set()
    }

    private var stops: Bool { isStopping.load(ordering: .acquiring) }

    private func read() {
        let first = memory.lane(0)
        while !stops {
            guard first.mutex.lock(within: Self.patience) == .late else {
                lead(LaneReader(self, first))
                continue
            }
            guard isHeldUp, let lane = freeLane() else { continue }
            if help(LaneReader(self, lane)) { lead(LaneReader(self, first)) }
        }
    }

    /// Reads by the first lane, which this thread has, until the end.
    private func lead(_ reader: LaneReader) {
        reader.begin()
        while !stops {
            clearLanes(but: reader.lane)
            // One who reads beside may end in the middle of it.
            let until = memory.isReading ? SystemClock.monotonic + Self.glance : nil
            guard monitor.wait(orFor: stopSignal, until: until) else { break }
            rest(after: reader.step())
        }
        reader.lane.mutex.unlock()
    }

    /// Hands out what those have left who read by another lane and ended in the middle of that.
    private func clearLanes(but own: FeedMemory.Lane) {
        for index in 1..<FeedMemory.lanes where index != own.index {
            let lane = memory.lane(index)
            guard !lane.rounds.value.isMultiple(of: 2), lane.mutex.lock(within: 0) != .late else { continue }
            LaneReader(self, lane).begin()
            lane.mutex.unlock()
        }
    }

    /// Whether there is something to read, or to hand out, and nobody does.
    private var isHeldUp: Bool {
        let rounds = Self.rounds(memory)
        for _ in 0..<2 {
            guard isDue else { return false }
            SystemThread.sleep(milliseconds: 50)
        }
        return isDue && Self.rounds(memory) == rounds
    }

    private var isDue: Bool { monitor.isWaiting || memory.isReading }

    private static func rounds(_ memory: FeedMemory) -> [UInt64] { (0..<FeedMemory.lanes).map { memory.lane($0).rounds.value } }

    /// The first of the others that nobody has: locked.
    private func freeLane() -> FeedMemory.Lane? {
        for index in 1..<FeedMemory.lanes {
            let lane = memory.lane(index)
            if lane.mutex.lock(within: 0) != .late { return lane }
        }
        return nil
    }

    /// Reads by that lane until one before it is read by again.
    /// - Returns: whether this thread has got the first lane.
    private func help(_ reader: LaneReader) -> Bool {
        defer { reader.lane.mutex.unlock() }
        reader.begin()
        let before = (0..<reader.lane.index).map { memory.lane($0) }
        let rounds = before.map(\.rounds.value)
        // What those have read who stand still.
        for index in 0..<FeedMemory.lanes where index != reader.lane.index { reader.repeatReports(of: memory.lane(index)) }
        while !stops, before.map(\.rounds.value) == rounds {
            rest(after: reader.step())
            if before[0].mutex.lock(within: 0) != .late { return true }
            clearLanes(but: reader.lane)
            _ = monitor.wait(orFor: stopSignal, until: SystemClock.monotonic + Self.glance)
        }
        return false
    }

    /// A few looks at the queue are had at once; who changes things without an end is looked at now and again, less often where nobody knows anything of it: a busy
    /// disk elsewhere. Behind a long queue there is no rest.
    private func rest(after outcome: Handout.Outcome) {
        guard 1..<Self.many ~= outcome.events else { return }
        let now = SystemClock.monotonic
        let until = pace.withLock { restful in
            restful = max(restful, now - min(now, Self.burst)) + (outcome.isPrompt ? Self.pause / 4 : Self.pause * 2)
            return restful
        }
        if until > now { SystemThread.sleep(nanoseconds: until - now) }
    }

    /// Until when what was read so far would be worth waiting.
    private let pace = Lock<UInt64>(0)
    /// Nanoseconds: far below what a reader may notice.
    private static let pause: UInt64 = 1_000_000
    /// Nanoseconds of rest that may be owed.
    private static let burst: UInt64 = 2_000_000
    /// So many changes at once are a long queue.
    private static let many = 512
    /// Nanoseconds between two looks at those who stand still.
    private static let glance: UInt64 = 100_000_000
    /// Nanoseconds after which who waits to read looks whether anybody does.
    private static let patience: UInt64 = 500_000_000
}

extension ChangeFeed {
    /// Reads by a lane, whose mutex its thread has.
    private struct LaneReader {
        let feed: ChangeFeed
        let lane: FeedMemory.Lane
        private let inbox: ReportBuffer
        private let handout: Handout

        init(_ feed: ChangeFeed, _ lane: FeedMemory.Lane) {
            (self.feed, self.lane) = (feed, lane)
            inbox = unsafe ReportBuffer(feed.memory.inbox(lane.index), of: feed.memory)
            handout = Handout(feed.memory, lane.index)
        }

        /// Hands out what somebody has read by the lane who ended before he had handed it out: to hear of something twice does no harm.
        func begin() {
            if lane.rounds.value.isMultiple(of: 2) { lane.rounds.add(1) }
            unsafe inbox.resume { unsafe handout.all(in: $0) }
            inbox.clear()
            lane.rounds.add(1)
        }

        /// Takes what is in the queue, and hands it out.
        func step() -> Handout.Outcome {
            // Before anything is taken off the queue: what is neither there nor handed out is in somebody's hands (`isHandedOut`).
            lane.rounds.add(1)
            defer { lane.rounds.add(1) }
            do throws(Errno) {
                let outcome = try unsafe inbox.next(of: feed.monitor) { bytes in unsafe handout.all(in: bytes) }
                inbox.clear()
                return outcome
            } catch {
                handout.loss()
                SystemThread.sleep(milliseconds: 10)
                return Handout.Outcome()
            }
        }

        /// Hands out what somebody has read by another lane, who may go on at any moment: a copy, and it stays his.
        func repeatReports(of other: FeedMemory.Lane) {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: ReportBuffer.size, alignment: 8)
            defer { unsafe copy.deallocate() }
            unsafe copy.copyMemory(from: UnsafeRawBufferPointer(feed.memory.inbox(other.index)))
            lane.rounds.add(1)
            unsafe handout.all(in: UnsafeRawBufferPointer(copy))
            lane.rounds.add(1)
        }
    }
}
