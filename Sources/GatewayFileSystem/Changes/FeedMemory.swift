internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// What all who use a feed of changes share: who reads, what was read and not handed out yet, and a seat for each who takes in what is handed out.
///
/// A seat has a filter, in which its owner says what it knows, and a ring, into which whoever reads puts what is about that. The memory is sparse: what was never
/// written takes nothing. Whoever changes what is said here raises `version`: programs of another one read for themselves.
@safe final class FeedMemory: @unchecked Sendable {
    // @unchecked: words are touched by atomic operations alone, the rest as `ChangeFeed` says.
    private let memory: KeptMemory

    private static let magic: UInt64 = 0x3144_4545_4653_4650  // "PFSFEED1"
    static let version: UInt64 = 1
    /// Each view has one, and one more where the kernel serves its sandbox and a record is kept.
    static let seats = 64

    // MARK: Where everything lies, in bytes

    private static let readingMutex = 512
    private static let handingOutMutex = 640
    private static let firstSeat = 4096
    private static let seatBytes = 512 + InterestFilter.names
    private static let firstInbox = firstSeat + seats * seatBytes
    private static let firstFilter = firstInbox + seats * ReportBuffer.size
    private static let firstRing = firstFilter + seats * InterestFilter.files
    /// Some three million changes. What is not taken in until then is lost.
    static let ringBytes = 256 << 20
    private static let size = firstRing + seats * ringBytes

    init() throws(Errno) {
        memory = try KeptMemory(size: Self.size, name: "pinfold-changes")
        let header = unsafe memory.words(at: 0)
        unsafe RobustMutex.make(at: memory.bytes(at: Self.readingMutex))
        unsafe RobustMutex.make(at: memory.bytes(at: Self.handingOutMutex))
        unsafe header[1] = Self.version
        settle()
        unsafe header[0] = Self.magic
    }

    /// What another program has made. EINVAL where it is none, or not laid out as here.
    init(adopting file: consuming Descriptor) throws(Errno) {
        guard try file.status().size == UInt64(Self.size) else { throw .invalidArgument }
        memory = try KeptMemory(file, size: Self.size)
        let header = unsafe memory.words(at: 0)
        guard unsafe header[0] == Self.magic, unsafe header[1] == Self.version else { throw .invalidArgument }
    }

    var rawDescriptor: Int32 { memory.rawDescriptor }
    func withDescriptor<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing Descriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result { try memory.withDescriptor(body) }

    // MARK: Who reads

    /// Held by who reads for all.
    var reading: RobustMutex { unsafe RobustMutex(at: memory.bytes(at: Self.readingMutex)) }
    /// Held while something is put into rings, and while seats are given away: by nobody for longer than that takes.
    var handingOut: RobustMutex { unsafe RobustMutex(at: memory.bytes(at: Self.handingOutMutex)) }
    /// Nanoseconds to wait for that, for those who do not read: a process that is stopped in just that moment has it for long.
    static let patience: UInt64 = 500_000_000
    /// Goes on with whatever the reader does: one that stands still where there is something to read is held up.
    var heartbeat: SharedWord { word(at: 64) }
    /// One more than the seat whose inbox the reader reads into.
    var reader: SharedWord { word(at: 72) }

    // MARK: Seats

    /// The words of a seat.
    @safe struct Seat: @unchecked Sendable {
        // @unchecked: `ring` is written by who holds `handingOut`, and read up to `tail`.
        /// 1 while somebody has it.
        let isTaken: SharedWord
        /// Which changes are handed out to it (`FilesystemEvent.Changes`), and how (`Manner`).
        let changes: SharedWord
        let manner: SharedWord
        /// 1 where all is handed out to it, whatever it knows.
        let isOpen: SharedWord
        /// How many bytes may wait.
        let limit: SharedWord
        /// How many bytes were ever taken in, and put in.
        let head: SharedWord
        let tail: SharedWord
        /// 1 where something had no room.
        let lost: SharedWord
        let bell: SharedBell
        /// Files, and the last names of what is hidden.
        let filter: InterestFilter
        let names: InterestFilter
        let ring: UnsafeMutableRawPointer
    }

    func seat(_ index: Int) -> Seat {
        let start = Self.firstSeat + index * Self.seatBytes
        // What the one end writes and what the other does lie in different lines of the processor's cache.
        return unsafe Seat(
            isTaken: word(at: start), changes: word(at: start + 8), manner: word(at: start + 16), isOpen: word(at: start + 24),
            limit: word(at: start + 32),
            head: word(at: start + 128), tail: word(at: start + 256), lost: word(at: start + 264),
            bell: SharedBell(at: memory.bytes(at: start + 272)),
            filter: InterestFilter(
                at: memory.bytes(at: Self.firstFilter + index * InterestFilter.files), size: InterestFilter.files),
            names: InterestFilter(at: memory.bytes(at: start + 512), size: InterestFilter.names),
            ring: memory.bytes(at: Self.firstRing + index * Self.ringBytes))
    }

    /// Where who has the seat reads into.
    func inbox(_ index: Int) -> ReportBuffer { unsafe ReportBuffer(inboxBytes(index), of: self) }

    func inboxBytes(_ index: Int) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(
            start: memory.bytes(at: Self.firstInbox + index * ReportBuffer.size), count: ReportBuffer.size)
    }

    /// Whether whoever reads into it has something there that is not handed out.
    func hasReports(_ index: Int) -> Bool { word(at: Self.firstInbox + index * ReportBuffer.size).value != 0 }

    /// All that a seat's owner had: gone, and the memory the kernel's.
    func empty(_ index: Int) {
        // Words, and the filter of names behind them.
        let start = Self.firstSeat + index * Self.seatBytes
        for offset in stride(from: 0, to: Self.seatBytes, by: 8) { word(at: start + offset).value = 0 }
        memory.giveBack(Self.firstInbox + index * ReportBuffer.size, ReportBuffer.size)
        memory.giveBack(Self.firstFilter + index * InterestFilter.files, InterestFilter.files)
        memory.giveBack(Self.firstRing + index * Self.ringBytes, Self.ringBytes)
    }

    /// Gives back what was taken in of a ring: whole blocks between the two counts.
    func giveBack(ring index: Int, from old: UInt64, to new: UInt64) {
        let (first, last) = (old / Self.block, new / Self.block)
        guard first < last else { return }
        let blocks = UInt64(Self.ringBytes) / Self.block
        for block in (last - first < blocks ? first : last - blocks)..<last {
            memory.giveBack(Self.firstRing + index * Self.ringBytes + Int(block % blocks * Self.block), Int(Self.block))
        }
    }

    private static let block: UInt64 = 1 << 20

    private func word(at offset: Int) -> SharedWord { unsafe SharedWord(at: memory.bytes(at: offset)) }
}

/// How changes are handed out to a seat.
struct Manner: OptionSet, Sendable {
    let rawValue: UInt64
    /// They are worth being quick.
    static let prompt = Manner(rawValue: 1)
    /// It knows a directory that is made or moved to where it knows the one above, before it has heard of that.
    static let follows = Manner(rawValue: 2)
}

/// A word in memory that processes share.
@safe struct SharedWord: @unchecked Sendable {
    // @unchecked: atomic operations alone touch it.
    private let word: UnsafeMutablePointer<Atomic<UInt64>>

    init(at place: UnsafeMutableRawPointer) { unsafe word = unsafe place.assumingMemoryBound(to: Atomic<UInt64>.self) }

    /// What was written before a value by its writer is seen by who has loaded it.
    var value: UInt64 {
        get { unsafe word.pointee.load(ordering: .acquiring) }
        nonmutating set { unsafe word.pointee.store(newValue, ordering: .releasing) }
    }

    nonmutating func add(_ count: UInt64) { unsafe word.pointee.add(count, ordering: .relaxed) }

    /// Sets it to 0.
    /// - Returns: what it was.
    nonmutating func take() -> UInt64 { unsafe word.pointee.exchange(0, ordering: .sequentiallyConsistent) }

    /// Sets these bits; whoever acts afterwards finds them set, as does who looks after having seen what that did.
    nonmutating func set(_ bits: UInt64) {
        if unsafe word.pointee.load(ordering: .acquiring) & bits == bits { return }
        _ = unsafe word.pointee.bitwiseOr(bits, ordering: .sequentiallyConsistent)
    }
}
