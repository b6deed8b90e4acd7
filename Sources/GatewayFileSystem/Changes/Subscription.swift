internal import CLinux
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// A seat at a feed of changes: says what it knows, and takes in what is handed out about that. It outlives the process that serves.
@safe final class Subscription: @unchecked Sendable {
    // @unchecked: `taken` and `room` are of the one thread that takes in; all else are atomic words.
    let index: Int
    private let memory: FeedMemory
    private let seat: FeedMemory.Seat
    /// An opening of the memory's of its own, with a lock on the byte of the seat's number, which is its place in the file as well: whoever has this descriptor
    /// has the seat, and when nobody has it any more the kernel lets go of it.
    private let claim: Descriptor
    private let isStopping = Atomic(false)
    /// How many bytes of the ring this process has given to be worked through.
    private var taken: UInt64
    private let room: UnsafeMutableRawBufferPointer

    /// Takes a free seat. ENOSPC where there is none.
    /// - Parameter limit: how many bytes may wait; what comes then is lost.
    init(
        _ memory: FeedMemory, _ changes: FilesystemEvent.Changes, _ manner: Manner, limit: Int = FeedMemory.ringBytes,
        handOut: Handout
    ) throws(Errno) {
        let claim = try memory.withDescriptor { file throws(Errno) in try file.reopen(.readWrite) }
        if memory.handingOut.lock(within: FeedMemory.patience) == .late { throw .timedOut }
        defer { memory.handingOut.unlock() }
        guard let index = (0..<FeedMemory.seats).first(where: { (try? claim.take(Self.lock(of: $0))) != nil }) else {
            throw .noSpace
        }
        _ = try claim.seek(to: Int64(index), whence: SEEK_SET)
        // Of somebody who has died: what he had read and not handed out is others', too.
        if memory.seat(index).isTaken.value != 0 { unsafe handOut.all(in: UnsafeRawBufferPointer(memory.inboxBytes(index))) }
        memory.empty(index)
        let seat = memory.seat(index)
        seat.changes.value = changes.rawValue
        seat.manner.value = manner.rawValue
        seat.limit.value = UInt64(min(limit, FeedMemory.ringBytes))
        seat.isTaken.value = 1
        (self.memory, self.seat, self.index, taken) = (memory, seat, index, 0)
        self.claim = claim
        unsafe room = .allocate(byteCount: Self.roomBytes, alignment: 8)
    }

    /// The seat that another program's process had.
    init(_ memory: FeedMemory, adopting claim: consuming Descriptor) throws(Errno) {
        let number = try claim.seek(to: 0, whence: SEEK_CUR)
        guard 0..<Int64(FeedMemory.seats) ~= number else { throw .invalidArgument }
        (self.memory, index) = (memory, Int(number))
        self.claim = claim
        seat = memory.seat(index)
        taken = seat.head.value
        unsafe room = .allocate(byteCount: Self.roomBytes, alignment: 8)
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
    func open() { seat.isOpen.value = 1 }

    /// Has only what it knows handed out, if all that was is worked through: what that told of is known by now.
    func closeIfCaughtUp() {
        guard seat.isOpen.value != 0 else { return }
        if memory.handingOut.lock(within: FeedMemory.patience) == .late { return }
        if seat.tail.value == taken { seat.isOpen.value = 0 }
        memory.handingOut.unlock()
    }

    // MARK: Taking in

    /// Goes on where a process before has come to.
    func begin() { taken = seat.head.value }

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

    var hasMore: Bool { seat.tail.value != taken || seat.lost.value != 0 }

    /// Has `wait` end, in this process.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        seat.bell.ring()
    }

    /// Gives `body` some of what waits, a copy; it is there for a process that follows until `clear`.
    ///
    /// - Returns: what `body` did; nil where nothing waits.
    func take<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        // First: what is handed out from here on is not what was lost.
        if seat.lost.take() != 0 { return unsafe FilesystemEvent.loss.withUnsafeBytes { bytes in unsafe body(bytes) } }
        let waiting = seat.tail.value &- taken
        guard waiting > 0 else { return nil }
        // Others write there, too.
        guard waiting <= UInt64(FeedMemory.ringBytes) else { return unsafe skip(body) }
        let count = min(Int(waiting), Self.roomBytes)
        let start = Int(taken % UInt64(FeedMemory.ringBytes))
        let first = min(count, FeedMemory.ringBytes - start)
        unsafe room.baseAddress.unsafelyUnwrapped.copyMemory(from: seat.ring + start, byteCount: first)
        unsafe (room.baseAddress.unsafelyUnwrapped + first).copyMemory(from: seat.ring, byteCount: count - first)
        let whole = unsafe FilesystemEvent.wholeEvents(in: UnsafeRawBufferPointer(rebasing: room[..<count]))
        guard whole > 0 else { return unsafe skip(body) }
        taken &+= UInt64(whole)
        return unsafe body(UnsafeRawBufferPointer(rebasing: room[..<whole]))
    }

    /// What is there are no events: as good as lost.
    private func skip<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        taken = seat.tail.value
        return unsafe FilesystemEvent.loss.withUnsafeBytes { bytes in unsafe body(bytes) }
    }

    /// Whether so much was taken that it should be worked through.
    var isFull: Bool { taken &- seat.head.value > Self.muchBytes }

    /// All that was taken is worked through.
    func clear() {
        let head = seat.head.value
        guard head != taken else { return }
        seat.head.value = taken
        memory.giveBack(ring: index, from: head, to: taken)
    }

    private static let roomBytes = 64 << 10
    private static let muchBytes: UInt64 = 256 << 10
}
