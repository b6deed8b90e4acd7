internal import AuditLog
internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// What is there before there is a thread, and before anybody is served: all that outlives a process that serves.
///
/// The order is the point. Everything is checked before anything changes; the clones of the source are taken before anything is mounted, so the view never
/// shows itself; privileges go before there is a thread, so no thread ever had them. Where the process that serves is another one (`Keeper`), each of them
/// begins with this as it is in memory, and with its descriptors. So nothing in here is ever closed but by the end of the last process.
final class Preparation {
    let options: GatewayOptions
    let places: Places
    let policy: AccessPolicy
    /// The rules of what is around a narrower view.
    let surroundings: AccessPolicy?
    let mountpoint: Mountpoint
    let signals: Signals
    let descriptors: Int
    /// Where what the zones hold is counted, where that outlives this process.
    let counts: String?
    /// What changes on the machine's file systems; nil where nobody wants to know, or the kernel does not say it.
    let feed: ChangeFeed?
    /// Where others get to know it; nil where this process serves by itself.
    let door: FeedDoor?
    let coherence: Coherence?
    let planes: [PlaneParts]
    let directWatch: DirectRecord.Watch?
    let tally: AuditTally
    /// Those that tell of what was refused in the view.
    let connected: SharedNumbers
    let connectionGuard: ConnectionGuard?
    /// Readable when the guard is gone; -1 where there is none.
    let guardDescriptor: Int32
    /// Both are the first server's to take.
    var socket: AuditInlet.Socket?
    var direct: DirectZone?
    /// The command line, without the program, and whoever started it: for a keeper's successor.
    let words: [String]
    let manager: ServiceManager
    /// Where that comes to; nil where this process serves by itself.
    let entrance: Entrance?
    /// Where the first server waits for the view; nil where it makes it.
    let takeover: Takeover?

    /// - Parameter isKept: whether another process than this one is to serve.
    init(_ start: GatewayService.Start, isKept: Bool) throws(GatewayError) {
        let options = start.options
        let layout = try Layout(options)
        let places = Places(layout)
        policy = try Self.policy(places.source, places, options)
        surroundings = places.surroundings == nil ? nil : try Self.policy("/", places, options)
        counts = try Self.counts(options, places)
        mountpoint = try Mountpoint(places.mountpoint, surroundings: places.surroundings)
        signals = try Self.blockSignals()
        socket = try Self.inletSocket(options, mountpoint.path)
        entrance = try Self.entrance(mountpoint.path, isKept: isKept)
        direct = try Self.direct(options, layout, policy)
        descriptors = Narrowing.descriptorLimit(options.descriptors)
        try Self.step("giving up privileges") { () throws(Errno) in try Narrowing.apply() }
        let connectionGuard = Self.connectionGuard(isKept: isKept)
        guardDescriptor = Self.descriptor(of: connectionGuard)
        self.connectionGuard = connectionGuard
        let changes = try Self.feed(options, mountpoint.path, isKept: isKept)
        (feed, door) = (changes?.feed, changes?.door)
        coherence = try Self.coherence(changes?.feed, changes?.seats.coherence)
        planes = try Self.step("taking copies of the source") { () throws(Errno) in try PlaneParts.all(of: layout, options) }
        directWatch = try Self.step("watching what is done in the sandbox") { () throws(Errno) in
            guard let changes, let seat = changes.seats.doings else { return nil }
            return try DirectRecord.Watch(of: layout.sandbox, changes.feed, seat)
        }
        (tally, connected) = try Self.step("sharing memory") { () throws(Errno) in
            (AuditTally(try SharedMemory(size: 4096)), SharedNumbers(try SharedMemory(size: 4096)))
        }
        self.options = options
        self.places = places
        (words, manager, takeover) = (start.words, start.manager, nil)
    }

    /// Goes on with a view that lives. What is this process's own is made first, and its privileges go; then `take` has the view's server ended, and everything come.
    init(
        _ start: GatewayService.Start, replacing inheritance: Inheritance, _ takeover: Takeover,
        take: () throws(GatewayError) -> Void
    ) throws(GatewayError) {
        let options = start.options
        let layout = try Layout(options)
        let places = Places(layout)
        policy = try Self.policy(places.source, places, options)
        surroundings = places.surroundings == nil ? nil : try Self.policy("/", places, options)
        signals = try Self.blockSignals()
        try Self.step("giving up privileges") { () throws(Errno) in try Narrowing.apply() }
        let connectionGuard = Self.connectionGuard(isKept: true, isArmed: false)
        guardDescriptor = Self.descriptor(of: connectionGuard)
        self.connectionGuard = connectionGuard
        counts = try Self.counts(options, places)
        try take()
        descriptors = Narrowing.descriptorLimit(options.descriptors)
        mountpoint = Mountpoint(
            adopting: places.mountpoint, surroundings: places.surroundings, directory: try inheritance.take("mountpoint"),
            lock: MountLock(adopting: try inheritance.take("lock")))
        let names = MountRuntime(mountpoint: places.mountpoint)
        entrance = Entrance(adopting: try inheritance.take("entrance"), names.entrance)
        socket = inheritance.has("audit") ? AuditInlet.Socket(adopting: try inheritance.take("audit"), path: names.audit) : nil
        direct = nil
        feed = try Self.feed(from: inheritance)
        door = try Self.door(places.mountpoint, feed, from: inheritance)
        coherence = try Self.coherence(feed, from: inheritance)
        planes = try PlaneParts.all(of: layout, options, from: inheritance)
        directWatch = try Self.directWatch(places.sandbox, feed, from: inheritance)
        tally = AuditTally(try Self.memory(4096, inheritance.take("tally")))
        connected = SharedNumbers(try Self.memory(4096, inheritance.take("connected")))
        manager = ServiceManager(adopting: inheritance.has("manager") ? try inheritance.take("manager") : nil)
        self.options = options
        self.places = places
        words = start.words
        self.takeover = takeover
    }

    /// Detaches what is mounted, once it is this process's.
    func clear() {
        if takeover?.hasBegun ?? true { mountpoint.clear() }
    }

    /// The view has ended, or has not come to be: nothing of it stays. A server that ended in order has done some of this.
    func end() {
        guard takeover?.hasBegun ?? true else { return }
        mountpoint.clear()
        entrance?.remove()
        door?.remove()
        if options.audit != nil { unsafe unlinkat(pinfold_AT_FDCWD, MountRuntime(mountpoint: mountpoint.path).audit, 0) }
    }

    /// Where a sandbox is mounted that the kernel serves by itself.
    var directMountpoint: String {
        places.mountpoint + places.sandbox.dropFirst(places.source == "/" ? 0 : places.source.utf8.count)
    }

    /// A step that the machine may refuse.
    static func step<Result: ~Copyable>(
        _ what: String, _ body: () throws(Errno) -> Result
    ) throws(GatewayError) -> Result {
        do throws(Errno) { return try body() } catch { throw .failure("\(what) failed: \(error)") }
    }
}

/// Where everything of a gateway is: absolute paths without a symbolic link.
struct Places: Sendable {
    let source: String
    let codeRepo: String
    let sandbox: String
    let mountpoint: String
    let surroundings: String?

    init(_ layout: borrowing Layout) {
        source = layout.source.path
        codeRepo = layout.codeRepo.path
        sandbox = layout.sandbox.path
        mountpoint = layout.mountpoint
        surroundings = layout.surroundings
    }
}
