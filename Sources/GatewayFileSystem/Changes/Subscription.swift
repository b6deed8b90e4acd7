internal import CLinux
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// A seat at a feed of changes: says what it knows, and takes in what is handed out about that. It outlives the process that serves.
@safe final class Subscription: @unchecked Sendable {
    // @unchecked: `taken`, `losses` and `room` are of the one thread that takes in; all else are atomic words.
    let index: Int
    private let memory: FeedMemory
    private let seat: FeedMemory.Seat
    private let rings: [FeedRing]
    private let isPrompt: Bool
    /// An opening of the memory's of its own, with a lock on the byte of the seat's number, which is its place in the file as well: whoever has this descriptor
    /// has the seat, and when nobody has it any more the kernel lets go of it.
    private let claim: Descriptor
    private let isStopping = Atomic(false)
    /// How many bytes of each ring this process has given to be worked through, and how many losses.
    private var taken: [UInt64] = []
    private var losses: UInt64 = 0
    /// Up to where there was something in each ring when losses were seen that are not told yet.
    private var lossesBehind: [UInt64]?
    private let room: UnsafeMutableRawBufferPointer

    /// Takes a free seat. ENOSPC where there is none, ETIMEDOUT where somebody does not come to an end of taking his.
    /// - Parameter limit: how many bytes may wait in a ring; what comes then is lost. Nil for as many as fit.
    convenience init(
        _ memory: FeedMemory, _ changes: FilesystemEvent.Changes, _ manner: Manner, limit: UInt64? = nil
    ) throws(Errno) {
        let claim = try memory.withDescriptor { file throws(Errno) in try file.reopen(.readWrite) }
        if memory.seatingMutex.lock(within: Self.patience) == .late { throw .timedOut }
        defer { memory.seatingMutex.unlock() }
        guard let index = (0..<FeedMemory.seats).first(where: { (try? claim.take(Self.lock(of: $0))) != nil }) else {
            throw .noSpace
        }
        _ = try claim.seek(to: Int64(index), whence: SEEK_SET)
        memory.empty(index)
        let seat = memory.seat(index)
        seat.changes.value = changes.rawValue
        seat.manner.value = manner.rawValue
        seat.limit.value = limit ?? .max
        seat.isTaken.value = 1
        self.init(memory, index, claim)
    }

    /// The seat that another program's process had.
    convenience init(_ memory: FeedMemory, adopting claim: consuming Descriptor) throws(Errno) {
        let number = try claim.seek(to: 0, whence: SEEK_CUR)
        guard 0..<Int64(FeedMemory.seats) ~= number else { throw .invalidArgument }
        self.init(memory, Int(number), claim)
    }

    private init(_ memory: FeedMemory, _ index: Int, _ claim: consuming Descriptor) {
        (self.memory, self.index) = (memory, index)
        seat = memory.seat(index)
        rings = (0..<FeedMemory.lanes).map { memory.ring($0, index) }
        isPrompt = Manner(rawValue: seat.manner.value).contains(.prompt)
        self.claim = claim
        unsafe room = .allocate(byteCount: Self.roomBytes, alignment: 8)
        begin()
    }

    deinit { unsafe room.deallocate() }

    /// What the next process goes on with.
    var rawDescriptor: Int32 { claim.rawValue }

    private static func lock(of index: Int) -> RangeLock { RangeLock(.write, start: Int64(index), end: Int64(index)) }

    /// Whether nobody has the seat any more, who has not said so. Asked by an opening that has no seat.
    static func isAbandoned(_ index: Int, _ file: borrowing Descriptor) -> Bool {
        (try? file.lock(against: lock(of: index)).kind) == RangeLock.Kind.none
    }

    // MARK: What it knows

    /// What files it knows.
    var filter: InterestFilter { seat.filter }

    /// Asks for changes of this name wherever it comes.
    func ask(for name: [UInt8]) { seat.names.add(key: unsafe name.withUnsafeBufferPointer { unsafe InterestFilter.key($0) }) }

    /// Has everything handed out to it, until it has caught up.
    func open() { seat.isOpen.add(2) }

    /// Has only what it knows handed out, if all that was is worked through: what that told of is known by now.
    ///
    /// Who hands out says that he does (`Lane.rounds`) before he looks at `isOpen`, which he changes where it is open, and puts in before he says that he has done it.
    func closeIfCaughtUp() {
        let open = seat.isOpen.value
        guard open != 0, !memory.isReading, !hasMore else { return }
        seat.isOpen.replace(open, by: 0)
    }

    // MARK: Taking in

    /// Goes on where a process before has come to.
    func begin() {
        taken = rings.map(\.start)
        losses = seat.knownLosses.value
    }

    /// Waits until there is something to take, or for the time `until` on the monotonic clock, in nanoseconds.
    ///
    /// - Returns: false when it is to stop.
    func wait(until: UInt64? = nil) -> Bool {
        while !isStopping.load(ordering: .acquiring) {
            let rings = seat.bell.rings
            if hasMore || isStopping.load(ordering: .acquiring) { break }
            if let until, SystemClock.monotonic >= until { break }
            seat.bell.wait(after: rings, until: until)
        }
        return !isStopping.load(ordering: .acquiring)
    }

    var hasMore: Bool { seat.losses.value != losses || rings.indices.contains { rings[$0].end != taken[$0] } }

    /// Has `wait` end, in this process.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        seat.bell.ring()
    }

    /// Gives `body` some of what waits, a copy; it is there for a process that follows until `clear`.
    ///
    /// - Returns: what `body` did; nil where nothing waits.
    func take<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        if let result = unsafe takeLosses(body) { return result }
        for turn in 1...rings.count {
            let lane = (last + turn) % rings.count
            let ring = rings[lane]
            if ring.end == taken[lane] { continue }
            last = lane
            let whole = unsafe ring.copy(after: taken[lane], into: room).map { count in
                unsafe FilesystemEvent.wholeEvents(in: UnsafeRawBufferPointer(rebasing: room[..<count]))
            }
            // What is there are no events: as good as lost.
            guard let whole, whole > 0 else {
                taken[lane] = ring.end
                return unsafe lose(body)
            }
            taken[lane] &+= UInt64(whole)
            return unsafe body(UnsafeRawBufferPointer(rebasing: room[..<whole]))
        }
        return nil
    }

    /// Tells of what was lost since it was told of the last time. `clear` says that it was acted upon: it is told again to a process that follows before that.
    private func takeLosses<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        let found = seat.losses.value
        guard found != losses else { return nil }
        let ends = rings.map(\.end)
        if isPrompt {
            // Everything is looked at anew: what was put in before is no news behind that, and would leave no room for what comes meanwhile.
            taken = ends
            for (lane, ring) in rings.enumerated() { ring.clear(until: taken[lane]) }
        } else {
            // Behind what came before it, which is told as it was.
            let behind = lossesBehind ?? ends
            lossesBehind = behind
            guard rings.indices.allSatisfy({ Int64(bitPattern: taken[$0] &- behind[$0]) >= 0 }) else { return nil }
            lossesBehind = nil
        }
        losses = found
        return unsafe lose(body)
    }

    /// Which lane something was taken from the last time.
    private(set) var last = 0

    private func lose<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe FilesystemEvent.loss.withUnsafeBytes { bytes in unsafe body(bytes) }
    }

    /// Whether so much was taken that it should be worked through.
    var isFull: Bool { rings.indices.contains { taken[$0] &- rings[$0].start > Self.muchBytes } }

    /// All that was taken is worked through.
    func clear() {
        for (lane, ring) in rings.enumerated() { ring.clear(until: taken[lane]) }
        if seat.knownLosses.value != losses { seat.knownLosses.value = losses }
    }

    private static let roomBytes = 64 << 10
    private static let muchBytes: UInt64 = 256 << 10
    /// Nanoseconds.
    private static let patience: UInt64 = 500_000_000
}
