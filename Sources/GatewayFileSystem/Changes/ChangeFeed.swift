internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// What changes on the machine's file systems, as the kernel reports it once for all views that use the feed: one of them reads, and hands each change to those who
/// know what it is about. So five views cost what one costs, the writer of a busy disk as well.
///
/// All of them have the kernel's queue, and the memory (`FeedMemory`). Whichever gets the lock reads, until it ends: then another one gets it at once, and what was
/// read and not handed out is in the memory still. One that stands still (a stopped process, a frozen control group) is noticed, and others read besides.
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

    /// - Parameter limit: how many bytes may wait.
    func subscribe(
        to changes: FilesystemEvent.Changes, _ manner: Manner, limit: Int = FeedMemory.ringBytes
    ) throws(Errno) -> Subscription {
        try Subscription(memory, changes, manner, limit: limit, handOut: Handout(memory))
    }

    /// The seat that another program's process had.
    func subscription(_ claim: consuming Descriptor) throws(Errno) -> Subscription {
        try Subscription(memory, adopting: claim)
    }

    /// Whether all that was reported until now is in the rings. Not for a server's first thread: the kernel would not know that it has the lock, were it killed.
    var isHandedOut: Bool {
        if memory.handingOut.lock(within: FeedMemory.patience) == .late { return false }
        defer { memory.handingOut.unlock() }
        if monitor.isWaiting { return false }
        let reader = Int(clamping: memory.reader.value)
        return !(1...FeedMemory.seats ~= reader && memory.hasReports(reader - 1))
    }

    // MARK: Reading

    /// Starts the thread that reads for all, or waits until it is to.
    /// - Parameter seat: one of this process's, whose inbox it reads into.
    func startReading(_ seat: Int) throws(Errno) {
        _ = try SystemThread("changes") { [self] in read(seat) }
    }

    /// Has the thread end soon; nobody has to wait for that.
    func stopReading() {
        isStopping.store(true, ordering: .releasing)
        stopSignal.set()
    }

    private var stops: Bool { isStopping.load(ordering: .acquiring) }

    private func read(_ seat: Int) {
        let inbox = memory.inbox(seat)
        // What a process before had read and not handed out: to hear of something twice does no harm.
        handOut { handout in
            unsafe inbox.resume { unsafe handout.all(in: $0) }
            inbox.clear()
        }
        while !stops {
            switch memory.reading.lock(within: Self.patience) {
            case .late:
                if isHeldUp { help(inbox) }
            case .locked, .inherited:
                rescue()
                memory.reader.value = UInt64(seat + 1)
                while !stops, monitor.wait(orFor: stopSignal) {
                    let outcome = step(inbox)
                    memory.heartbeat.add(1)
                    rest(after: outcome)
                }
                memory.reader.value = 0
                memory.reading.unlock()
            }
        }
    }

    /// Takes what is in the queue, and hands it out.
    private func step(_ inbox: ReportBuffer) -> Handout.Outcome {
        do throws(Errno) {
            return unsafe try inbox.next(of: monitor) { bytes in
                var outcome = Handout.Outcome()
                if unsafe bytes.isEmpty { return outcome }
                handOut { handout in
                    outcome = unsafe handout.all(in: bytes)
                    // Not after that: others may be looking at what is there (`rescue`).
                    inbox.clear()
                }
                return outcome
            }
        } catch {
            handOut { $0.loss() }
            SystemThread.sleep(milliseconds: 10)
            return Handout.Outcome()
        }
    }

    private func handOut(_ body: (Handout) -> Void) {
        _ = memory.handingOut.lock()
        body(Handout(memory))
        memory.handingOut.unlock()
    }

    /// Hands out what somebody who ended in the middle of something, or stands still, has left in his inbox. That is cleared by who reads into it alone.
    private func rescue() {
        for index in 0..<FeedMemory.seats where memory.seat(index).isTaken.value != 0 && memory.hasReports(index) {
            handOut { unsafe $0.all(in: UnsafeRawBufferPointer(memory.inboxBytes(index))) }
        }
    }

    /// Whether there is something to read, and who reads does not.
    private var isHeldUp: Bool {
        let heartbeat = memory.heartbeat.value
        for _ in 0..<2 {
            guard monitor.isWaiting else { return false }
            SystemThread.sleep(milliseconds: 50)
        }
        return memory.heartbeat.value == heartbeat && monitor.isWaiting
    }

    /// Reads besides, until the reader goes on.
    private func help(_ inbox: ReportBuffer) {
        rescue()
        let heartbeat = memory.heartbeat.value
        repeat {
            if step(inbox).events == 0 { SystemThread.sleep(milliseconds: 2) }
        } while !stops && memory.heartbeat.value == heartbeat
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
    static let many = 512
    /// Nanoseconds after which who waits to read looks whether the reader does.
    private static let patience: UInt64 = 500_000_000
}
