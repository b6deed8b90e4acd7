internal import CFuse3
internal import LinuxSystem
internal import Synchronization

/// What becomes of requests that must not be done twice, in memory that outlives the process: each has a slot from when it is read until its answer
/// has been written.
///
/// A process that is killed leaves three kinds of requests, which the kernel sends again to its successor (FUSE_NOTIFY_RESEND, Linux 6.9): those that
/// have no slot were not begun; those that are done are answered once more, with the same bytes; those that are begun alone may have been carried out or
/// not, which is for the file system to find out (`CurrentOnce.earlier`). A slot whose answer was taken means nothing: its request never comes again.
package final class OnceRing: Sendable {
    private static let capacity = 1024
    package static let size = KeptRows<OnceSlot>.size(capacity: capacity)
    private let slots: Lock<KeptRows<OnceSlot>>
    /// What a predecessor left, by number.
    private let left: Lock<[UInt64: Int]>

    /// Takes over what is there.
    ///
    /// - Parameter memory: of `size` bytes, zero in the beginning.
    package init(_ memory: UnsafeMutableRawPointer) {
        var rows = unsafe KeptRows<OnceSlot>(memory, capacity: Self.capacity)
        var found: [UInt64: Int] = [:]
        for row in rows.adopt(isUsed: { $0.unique != 0 }) { found[rows[row].unique] = row }
        slots = Lock(rows)
        left = Lock(found)
    }

    package var isPlausible: Bool {
        slots.withLock { rows in
            rows.isPlausible && (0..<rows.count).allSatisfy { Int(rows[$0].length) <= MemoryLayout<OnceSlot.Answer>.size }
        }
    }

    /// FUSE_UNIQUE_RESEND of <linux/fuse.h> of Linux 6.9: the request was sent before.
    static let resent: UInt64 = 1 << 63

    /// What must not be done twice. Of what is missing here: a lookup or a listing counts its nodes once too often, which keeps them until the last unmount;
    /// writes, truncations and copies leave the same bytes the second time; locks are the kernel's own.
    static func holds(_ opcode: UInt32) -> Bool {
        switch fuse_opcode(rawValue: opcode) {
        case FUSE_SYMLINK, FUSE_MKNOD, FUSE_MKDIR, FUSE_UNLINK, FUSE_RMDIR, FUSE_RENAME, FUSE_LINK, FUSE_OPEN, FUSE_RELEASE,
            FUSE_SETXATTR, FUSE_REMOVEXATTR, FUSE_CREATE, FUSE_RENAME2:
            true
        default: opcode == TemporaryFileMessage.opcode
        }
    }

    /// A place of the calling thread's own, for one request after the other; nil where all are taken.
    func seat() -> OnceSeat? {
        if let row = slots.withLock({ $0.take() }) { return unsafe OnceSeat(ring: self, row: row, slot: slot(row)) }
        // The oldest that was left and never asked for again: its answer was taken.
        let row: Int? = left.withLock { left in
            guard let oldest = left.keys.min() else { return nil }
            return left.removeValue(forKey: oldest)
        }
        guard let row else { return nil }
        unsafe slot(row).pointee.unique = 0
        return unsafe OnceSeat(ring: self, row: row, slot: slot(row))
    }

    private func slot(_ row: Int) -> UnsafeMutablePointer<OnceSlot> { unsafe slots.withLock { unsafe $0.pointer(row) } }

    fileprivate func giveBack(_ row: Int) { slots.withLock { $0.giveBack(row) } }

    /// What a predecessor left of the request.
    fileprivate func takeLeft(_ unique: UInt64) -> (row: Int, slot: UnsafeMutablePointer<OnceSlot>)? {
        guard let row = left.withLock({ $0.removeValue(forKey: unique) }) else { return nil }
        return unsafe (row, slot(row))
    }
}

/// One request. Valid while `unique` is not 0, which is written last and taken back first.
struct OnceSlot: BitwiseCopyable {
    typealias Word4 = (UInt64, UInt64, UInt64, UInt64)
    /// An entry and an open file, which is the longest: 144 bytes.
    typealias Answer = (Word4, Word4, Word4, Word4, Word4)

    enum Phase {
        static let begun: UInt32 = 1
        static let done: UInt32 = 2
        /// Begun by a predecessor as well.
        static let begunAgain: UInt32 = 3
        /// One that may be done twice, kept only for how many processes end over it.
        static let repeatable: UInt32 = 4
    }

    /// The kernel's number of it, as it was the first time.
    var unique: UInt64
    var phase: UInt32
    var opcode: UInt32
    var beganSeconds: Int64
    var beganNanoseconds: UInt32
    /// Of the answer, in bytes behind its header.
    var length: UInt32
    /// Of the answer, negative, or 0.
    var error: Int32
    /// How many processes have ended by a fault of their own while it was begun.
    var deaths: UInt32
    var before: UInt64
    var opened: UInt64
    var answer: Answer
}

/// A thread's place in the ring.
@safe struct OnceSeat: ~Copyable {
    private let ring: OnceRing
    private let row: Int
    private let slot: UnsafeMutablePointer<OnceSlot>

    fileprivate init(ring: OnceRing, row: Int, slot: UnsafeMutablePointer<OnceSlot>) {
        self.ring = ring
        self.row = row
        unsafe self.slot = unsafe slot
    }

    deinit { ring.giveBack(row) }

    /// Who ends so many processes by a fault ends the next one as well, and the view with the last: it is refused then. Another may have been under way each
    /// time, by chance.
    private static let mostDeaths: UInt32 = 4

    /// Serves a request by `body` that may be done twice, or has `refuse` answer one that processes ended over.
    borrowing func serveRepeatable(_ header: fuse_in_header, followsFault: Bool, body: () -> Void, refuse: () -> Void) {
        let unique = header.unique & ~OnceRing.resent
        var deaths: UInt32 = 0
        if header.unique & OnceRing.resent != 0, let left = unsafe ring.takeLeft(unique) {
            deaths = unsafe left.slot.pointee.deaths + (followsFault ? 1 : 0)
            unsafe left.slot.pointee.unique = 0
            unsafe ring.giveBack(left.row)
        }
        if deaths >= Self.mostDeaths { return refuse() }
        unsafe slot.pointee.phase = OnceSlot.Phase.repeatable
        unsafe slot.pointee.opcode = header.opcode
        unsafe slot.pointee.deaths = deaths
        settle()
        unsafe slot.pointee.unique = unique
        settle()
        body()
        settle()
        unsafe slot.pointee.unique = 0
    }

    /// Serves a request by `body`, or answers it by `again` with what it was answered before, or has `refuse` answer one that processes ended over.
    borrowing func serve(
        _ header: fuse_in_header, followsFault: Bool, body: () -> Void, again: (Int32, UnsafeRawBufferPointer) -> Void,
        refuse: () -> Void
    ) {
        let unique = header.unique & ~OnceRing.resent
        if header.unique & OnceRing.resent != 0, let left = unsafe ring.takeLeft(unique) {
            defer {
                unsafe left.slot.pointee.unique = 0
                unsafe ring.giveBack(left.row)
            }
            if unsafe left.slot.pointee.phase == OnceSlot.Phase.done {
                let done = unsafe left.slot.pointee
                unsafe withUnsafeBytes(of: done.answer) {
                    unsafe again(done.error, UnsafeRawBufferPointer(rebasing: $0.prefix(Int(done.length))))
                }
            } else {
                if followsFault { unsafe left.slot.pointee.deaths += 1 }
                if unsafe left.slot.pointee.deaths >= Self.mostDeaths { return refuse() }
                unsafe left.slot.pointee.phase = OnceSlot.Phase.begunAgain
                unsafe CurrentOnce.serve(left.slot, body)
            }
            return
        }
        let now = SystemClock.coarseTimeOfDay
        unsafe slot.pointee.phase = OnceSlot.Phase.begun
        unsafe slot.pointee.opcode = header.opcode
        unsafe slot.pointee.beganSeconds = now.seconds
        unsafe slot.pointee.beganNanoseconds = now.nanoseconds
        unsafe slot.pointee.before = 0
        unsafe slot.pointee.opened = 0
        unsafe slot.pointee.deaths = 0
        settle()
        unsafe slot.pointee.unique = unique
        settle()
        unsafe CurrentOnce.serve(slot, body)
        settle()
        unsafe slot.pointee.unique = 0
    }
}
