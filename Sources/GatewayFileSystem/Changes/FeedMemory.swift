internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

/// What all who use a feed of changes share: lanes, by which some of them read, and seats, at which each takes in what is handed out to it.
///
/// A seat has a filter, in which its owner says what it knows, and a ring for each lane, into which whoever reads there puts what is about that. So a ring has one writer
/// and one reader, and nobody waits for anybody. The memory is sparse: what was never written takes nothing. Whoever changes what is said here raises `version`:
/// programs of another one read for themselves.
@safe final class FeedMemory: @unchecked Sendable {
    // @unchecked: words are touched by atomic operations alone, the rest by who has the lane or the seat.
    private let memory: KeptMemory

    private static let magic: UInt64 = 0x3144_4545_4653_4650  // "PFSFEED1"
    static let version: UInt64 = 1
    /// Each view has one, and one more where the kernel serves its sandbox and a record is kept.
    static let seats = 64
    /// One for who reads, the others for those who read while he stands still.
    static let lanes = 4

    // MARK: Where everything lies, in bytes

    private static let seating = 512
    private static let firstLane = 1024
    private static let laneBytes = 256
    private static let firstSeat = 4096
    private static let ringWords = 128
    private static let namesAt = ringWords + lanes * 128
    private static let seatBytes = namesAt + InterestFilter.names
    private static let firstInbox = rounded(firstSeat + seats * seatBytes)
    private static let firstFilter = firstInbox + lanes * ReportBuffer.size
    private static let firstRing = firstFilter + seats * InterestFilter.files
    private static let ringSize = 256 << 20
    private static let size = firstRing + seats * lanes * ringSize
    private static func rounded(_ bytes: Int) -> Int { (bytes + 4095) / 4096 * 4096 }

    init() throws(Errno) {
        memory = try KeptMemory(size: Self.size, name: "pinfold-changes")
        let header = unsafe memory.words(at: 0)
        unsafe RobustMutex.make(at: memory.bytes(at: Self.seating))
        for lane in 0..<Self.lanes { unsafe RobustMutex.make(at: memory.bytes(at: Self.firstLane + lane * Self.laneBytes)) }
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

    private func word(at offset: Int) -> SharedWord { unsafe SharedWord(at: memory.bytes(at: offset)) }

    // MARK: Lanes

    /// Who has the mutex reads, and hands out into the rings of that lane.
    struct Lane: Sendable {
        let index: Int
        let mutex: RobustMutex
        /// Odd from before something is read until it is handed out. One that does not move where there is something to read stands still.
        let rounds: SharedWord
    }

    func lane(_ index: Int) -> Lane {
        let start = Self.firstLane + index * Self.laneBytes
        return unsafe Lane(index: index, mutex: RobustMutex(at: memory.bytes(at: start)), rounds: word(at: start + 128))
    }

    /// Where who has the lane reads into. What lies there is not handed out yet.
    func inbox(_ lane: Int) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(
            start: memory.bytes(at: Self.firstInbox + lane * ReportBuffer.size), count: ReportBuffer.size)
    }

    /// Whether somebody is reading or handing out just now, or has ended in the middle of that.
    var isReading: Bool { (0..<Self.lanes).contains { lane($0).rounds.value % 2 == 1 } }

    // MARK: Seats

    /// Held while a seat is given away.
    var seatingMutex: RobustMutex { unsafe RobustMutex(at: memory.bytes(at: Self.seating)) }

    /// The words of a seat.
    struct Seat: Sendable {
        /// 1 while somebody has it.
        let isTaken: SharedWord
        /// Which changes are handed out to it (`FilesystemEvent.Changes`), and how (`Manner`).
        let changes: SharedWord
        let manner: SharedWord
        /// Not 0 where all is handed out to it, whatever it knows: another number for each round in which that was so.
        let isOpen: SharedWord
        /// How many bytes may wait in a ring.
        let limit: SharedWord
        /// How often something had no room, and how many of these times its owner has acted upon.
        let losses: SharedWord
        let knownLosses: SharedWord
        let bell: SharedBell
        /// Files, and the last names of what is hidden.
        let filter: InterestFilter
        let names: InterestFilter
    }

    func seat(_ index: Int) -> Seat {
        let start = Self.firstSeat + index * Self.seatBytes
        return unsafe Seat(
            isTaken: word(at: start), changes: word(at: start + 8), manner: word(at: start + 16), isOpen: word(at: start + 24),
            limit: word(at: start + 32), losses: word(at: start + 40), knownLosses: word(at: start + 48),
            bell: SharedBell(at: memory.bytes(at: start + 64)),
            filter: InterestFilter(
                at: memory.bytes(at: Self.firstFilter + index * InterestFilter.files), size: InterestFilter.files),
            names: InterestFilter(at: memory.bytes(at: start + Self.namesAt), size: InterestFilter.names))
    }

    /// The ring by which a lane's reader hands out to a seat.
    func ring(_ lane: Int, _ seat: Int) -> FeedRing {
        // What the one end writes and what the other does lie in different lines of the processor's cache.
        let words = Self.firstSeat + seat * Self.seatBytes + Self.ringWords + lane * 128
        return FeedRing(
            memory, at: Self.firstRing + (seat * Self.lanes + lane) * Self.ringSize, size: Self.ringSize, tail: word(at: words),
            head: word(at: words + 64))
    }

    /// Leaves nothing of what a seat's owner had: for who has it alone.
    func empty(_ index: Int) {
        let seat = seat(index)
        seat.isTaken.value = 0
        for word in [seat.changes, seat.manner, seat.isOpen, seat.limit, seat.losses, seat.knownLosses] { word.value = 0 }
        // Who saw the seat's former owner may put in something still, which is not the next one's, and does no harm.
        for lane in 0..<Self.lanes { ring(lane, index).skip() }
        let names = Self.firstSeat + index * Self.seatBytes + Self.namesAt
        for offset in stride(from: 0, to: InterestFilter.names, by: 8) { word(at: names + offset).value = 0 }
        memory.giveBack(Self.firstFilter + index * InterestFilter.files, InterestFilter.files)
    }
}

/// How changes are handed out to a seat.
struct Manner: OptionSet, Sendable {
    let rawValue: UInt64
    /// They are worth being quick.
    static let prompt = Manner(rawValue: 1)
    /// It knows a directory that is made or moved to where it knows the one above, before it has heard of that.
    static let follows = Manner(rawValue: 2)
}
