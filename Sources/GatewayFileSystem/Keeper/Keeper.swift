internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The first process of a gateway: it serves nobody, and has those who do (`TwinProcess`) follow one another, so that the view outlives them.
///
/// It shares its descriptors with each of them. So when one is killed, all that it had open stays open: the devices of the kernel's connections, the source,
/// unlinked files that the agent has open. What it knew is in memory that all of them share (`KeptState`). The next one begins with this process's memory as it
/// was before the first, has the kernel send again what was asked and not answered, and serves: who waits in the view waits a little longer.
///
/// Nothing that the agent says comes here: this process reads signals, the ends of its children, and one word of the shared memory.
struct Keeper: ~Copyable {
    /// What a server does, in its process: the first one, or one that follows.
    typealias Serve = (_ life: TwinProcess.Life, _ follows: Bool) -> Never

    let preparation: Preparation
    let kept: KeptState
    /// Set by a server that has begun, and again when it serves.
    private let bell: EventDescriptor
    /// What was open before the first server.
    private var descriptors: Set<Int32>
    var server: TwinProcess
    private let serve: Serve
    /// Servers that the kernel still has a thread of.
    var remains: [pid_t] = []
    private let ready: Ready
    /// Whether one has served.
    private var hasServed = false
    /// When the one that is there has to serve; nil where it does, or may take its time.
    var deadline: UInt64?
    private var servesSince: UInt64 = 0
    /// Servers that ended soon after they had begun, one after the other.
    private var failures = 0
    private(set) var isStopping = false
    /// Who is to take this process's place.
    var successor: Successor?
    /// Whose place this process is to take; nil where it has nobody's, or has it.
    var predecessor: Predecessor? {
        // The number is a server's to use then.
        willSet { if newValue == nil, let predecessor { descriptors.remove(predecessor.rawDescriptor) } }
    }

    /// Nanoseconds from a server's end to when the next has to serve. On a busy machine a second is not enough, and a long pause is better than an ended view.
    static let patience: UInt64 = 10_000_000_000
    /// Some tens of microseconds are what one takes under a quota.
    static let patienceForOpenFile: UInt64 = 200_000
    /// How long its threads may take to be gone: one may be in the middle of a disk's call, which nothing ends early.
    private static let longPatience: UInt64 = 20_000_000_000
    /// A server that lived no longer than this ended soon, and how many of those in a row are too many.
    private static let shortLife: UInt64 = 100_000_000
    private static let mostFailures = 10

    /// Starts the first server.
    ///
    /// - Parameters:
    ///   - ready: what is said by `watch`'s `whenServed`.
    ///   - serve: what a server does, in its process, the first one or one that follows. It ends that itself: what this one lets go of, in a server, would
    ///     be closed for both.
    init(
        _ preparation: Preparation, _ kept: KeptState, _ bell: EventDescriptor, _ ready: Ready,
        replacing predecessor: Predecessor? = nil, serve: @escaping Serve
    ) throws(Errno) {
        var descriptors = Set(try ThisProcess.descriptors())
        // What servers of another program's keeper have left is theirs who follow them.
        kept.forEachDescriptor { descriptors.remove($0) }
        kept.forEachOtherDescriptor { descriptors.remove($0) }
        descriptors.subtract(preparation.connected.all)
        // Closed when the view is served: the number is a server's from then on.
        if let ready = ready.descriptor { descriptors.remove(ready) }
        let first = try Self.next(serve, follows: false)
        self.preparation = preparation
        self.kept = kept
        self.bell = bell
        self.serve = serve
        self.ready = ready
        self.descriptors = descriptors
        server = first
        if predecessor != nil { deadline = SystemClock.monotonic + Predecessor.patience }
        self.predecessor = predecessor
    }

    private static func next(_ serve: Serve, follows: Bool) throws(Errno) -> TwinProcess {
        switch try TwinProcess.start() {
        case .parent(let process): return process
        case .child(let life): serve(life, follows)
        }
    }

    /// Watches until the view has ended.
    ///
    /// - Returns: the code to end with.
    mutating func watch(whenServed: () -> Void, whenStopping: () -> Void) -> Int32 {
        while true { if let code = turn(whenServed, whenStopping) { return code } }
    }

    /// Waits until something has happened, and does what is due. What was not looked at is there still the next time.
    private mutating func turn(_ whenServed: () -> Void, _ whenStopping: () -> Void) -> Int32? {
        let isServed = successor?.hasAll != true
        var entries = [
            pollfd(fd: preparation.signals.rawDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: bell.rawValue, events: Int16(POLLIN), revents: 0),
            // Nobody is met before this process has what it would hand on.
            pollfd(fd: predecessor == nil ? preparation.entrance?.rawDescriptor ?? -1 : -1, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: predecessor?.rawDescriptor ?? successor?.conversation.rawDescriptor ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: predecessor == nil ? preparation.door?.rawDescriptor ?? -1 : -1, events: Int16(POLLIN), revents: 0),
        ]
        if isServed { entries += server.rawDescriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
        _ = unsafe poll(&entries, nfds_t(entries.count), rest)
        if entries[1].revents != 0, let code = hearServer(whenServed) { return code }
        if entries[0].revents != 0, let code = takeSignals(whenStopping) { return code }
        if entries[3].revents != 0 { return predecessor == nil ? hearSuccessor() : hearPredecessor() }
        if entries[2].revents != 0 { meet() }
        if entries[4].revents != 0 { preparation.door?.answer() }
        if isServed, successor?.hasAll != true, entries[5...].contains(where: { $0.revents != 0 }) { return follow() }
        return rest == 0 ? isLate() : nil
    }

    /// A server has begun, stands ready, or serves.
    private mutating func hearServer(_ whenServed: () -> Void) -> Int32? {
        bell.clear()
        if preparation.takeover?.isStanding == true { predecessor?.sayReady() }
        guard kept.isServing else { return nil }
        if !hasServed {
            do throws(Errno) { try KeepingFilter.install() } catch { return giveUp("no filter of system calls: \(error)") }
            whenServed()
        }
        hasServed = true
        deadline = nil
        servesSince = SystemClock.monotonic
        return give()
    }

    private mutating func takeSignals(_ whenStopping: () -> Void) -> Int32? {
        while let signal = preparation.signals.next() {
            switch signal.number {
            case SIGCHLD: remains.removeAll { waitpid($0, nil, WNOHANG) == $0 }
            case SIGUSR1: server.signal(SIGUSR1)
            case SIGTERM, SIGINT, SIGHUP:
                if predecessor != nil { abandon("it was told to stop") }
                if let code = takeBack("this process is told to stop") { return code }
                if !isStopping { whenStopping() }
                isStopping = true
                server.signal(signal.number)
            default: break
            }
        }
        return nil
    }

    /// The server has ended: another one goes on, if there is to be one.
    private mutating func follow() -> Int32? {
        if let code = end() { return code }
        sweep()
        kept.isServing = false
        return startServer()
    }

    /// Starts another server.
    /// - Returns: the code to end with; nil where there is one.
    mutating func startServer() -> Int32? {
        do throws(Errno) {
            server = try Self.next(serve, follows: true)
            return nil
        } catch {
            return giveUp("no process to serve it can be started: \(error)")
        }
    }

    private mutating func isLate() -> Int32? {
        if let last = successor?.deadline, last <= SystemClock.monotonic { return takeBack("it is not ready in time") }
        if predecessor != nil { abandon("the process that serves it does not hand it on in time") }
        return giveUp("the process that was to go on with it is not ready in time")
    }

    /// Milliseconds until a server has to serve, or a successor to have said something.
    private var rest: Int32 {
        guard let deadline = [deadline, successor?.deadline].compactMap(\.self).min() else { return -1 }
        let now = SystemClock.monotonic
        return deadline > now ? Int32(clamping: (deadline - now) / 1_000_000 + 1) : 0
    }

    /// Waits until nothing of the server, which has ended, can do anything any more.
    ///
    /// - Returns: the code to end with; nil where it is to be followed.
    mutating func waitForEnd() -> Int32? {
        let died = SystemClock.monotonic
        if let code = kept.endingCode { return code }
        while server.threads().contains(where: { !Self.mayRemain($0.name) }) {
            guard SystemClock.monotonic - died < Self.longPatience else { return giveUp("the process that served it does not end") }
            SystemThread.sleep(nanoseconds: 500_000)
        }
        return nil
    }

    /// - Returns: the code to end with; nil where the server is to be followed.
    private mutating func end() -> Int32? {
        let died = SystemClock.monotonic
        if let code = waitForEnd() { return code }
        let status = server.status()
        if status == nil { remains.append(server.pid) }
        kept.endedByFault = status?.isFault ?? kept.endedByFault
        let cause = status?.description ?? (kept.endedByFault ? "a fault" : "a signal")
        if predecessor != nil { abandon("the process that was to serve it ended with \(cause)", server: status) }
        if !hasServed && preparation.takeover == nil || isStopping {
            return giveUp("the process that serves it ended with \(cause)")
        }
        failures = deadline != nil || died - servesSince < Self.shortLife ? failures + 1 : 0
        guard failures < Self.mostFailures else {
            return giveUp("\(failures) processes that served it have ended one after the other, the last one with \(cause)")
        }
        Report.say("process \(server.pid), which served, ended with \(cause); another one goes on")
        // A wait for a disk is not the next one's, and each open file is some work to it.
        deadline =
            max(died + Self.patience, SystemClock.monotonic + Self.patience / 2) + UInt64(kept.openRows) * Self.patienceForOpenFile
        return nil
    }

    /// Ends the view: with this process the last descriptors of the kernel's connections go, and `ConnectionGuard` ends them should a thread still have one.
    func giveUp(_ reason: String) -> Int32 {
        server.signal(SIGKILL)
        preparation.clear()
        Report.say("the view is taken down: \(reason)")
        return 1
    }

    /// Threads that change nothing, and may wait in the kernel for answers to requests that nobody serves until the next server does.
    private static func mayRemain(_ thread: String) -> Bool {
        ["coherence", "names-ahead", "read-ahead", "afterthoughts", "open-elsewhere", "settling"].contains(thread)
    }

    /// Closes what the last server had open, but for what it left to the next: locks of files among them.
    func sweep() {
        var left = descriptors
        left.formUnion(server.rawDescriptors)
        if !hasServed, let ready = ready.descriptor { left.insert(ready) }
        if let successor = successor?.rawDescriptors { left.formUnion(successor) }
        kept.forEachDescriptor { left.insert($0) }
        kept.forEachOtherDescriptor { left.insert($0) }
        left.formUnion(preparation.connected.all)
        guard let open = try? ThisProcess.descriptors() else { return }
        for number in open where !left.contains(number) {
            // A thread that the kernel keeps has the old process's maps still, and with them a file's lock.
            _ = pinfold_flock_release(number)
            close(number)
        }
    }
}

extension ExitStatus {
    fileprivate var isFault: Bool {
        guard case .signaled(let signal) = self else { return false }
        return signal == SIGSYS || FaultMark.signals.contains(signal)
    }
}
