internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Memory for one request at a time, which the kernel fills and takes the answer out of: an entry of a FUSE ring (`struct fuse_uring_req_header`
/// of <linux/fuse.h>, Linux 6.14).
///
/// The first page is the kernel's headers, and room for what is put together here; the rest is the payload. A request's payload is what comes
/// after its first structure, so with the header and that structure written right in front of it, a message lies there in one piece, and data
/// that somebody writes is not copied once more.
///
/// An answer is put into the payload at the end alone: names that the request came with are in there until then.
@safe final class RingEntry {
    /// The queue that it belongs to: requests of the processor with that number.
    let queue: UInt16
    private let base: UnsafeMutableRawPointer
    private var payload: UnsafeMutableRawPointer { unsafe base + Self.headPage }

    /// How many bytes of payload the request has.
    private var received = 0
    private var answer = fuse_out_header()
    /// Where the answer's bytes are, and how many.
    private var bytes = Bytes.none
    private var count = 0
    /// Whether the kernel has put a request here yet.
    private(set) var isTaken = false

    private enum Bytes {
        case none
        /// In the first page.
        case small
        /// In the payload already, where nothing else was.
        case payload
        case heap([UInt8])
    }

    /// As much as the kernel transfers at once: 256 pages (FUSE_MAX_MAX_PAGES of libfuse 3.14).
    static let payloadSize = 1 << 20
    private static let headPage = 4096
    private static let headerSize = MemoryLayout<fuse_in_header>.size
    /// `in_out` has 128 bytes, `op_in` as many, `ring_ent_in_out` follows.
    private static let operationOffset = 128
    private static let operationSize = 128
    private static let stateOffset = 256
    private static let stateSize = 32
    /// Beside the kernel's part, in the same page: two `struct iovec`, and small answers.
    private static let partsOffset = 512
    private static let smallOffset = 1024
    private static let smallSize = 2048

    /// `struct fuse_uring_ent_in_out`.
    private struct State: BitwiseCopyable {
        var flags: UInt64 = 0
        var commit: UInt64 = 0
        var payloadSize: UInt32 = 0
        var padding: UInt32 = 0
        var reserved: UInt64 = 0
    }

    /// ENOMEM where there is no memory left. Pages of it that no request needed do not exist.
    init(queue: UInt16) throws(Errno) {
        self.queue = queue
        let size = Self.headPage + Self.payloadSize
        guard let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            Int(bitPattern: memory) != -1
        else { throw Errno.current }
        unsafe base = unsafe memory
    }

    deinit { unsafe munmap(base, Self.headPage + Self.payloadSize) }

    // MARK: The kernel's side

    /// Offers the entry to the kernel (FUSE_IO_URING_CMD_REGISTER).
    @unsafe func offer(by ring: borrowing CommandRing, tag: UInt64) {
        let command = unsafe ring.command(1, tag: tag)
        let parts = unsafe (base + Self.partsOffset).bindMemory(to: iovec.self, capacity: 2)
        unsafe parts[0] = iovec(iov_base: base, iov_len: Self.stateOffset + Self.stateSize)
        unsafe parts[1] = iovec(iov_base: payload, iov_len: Self.payloadSize)
        // `addr` and `len` of `struct io_uring_sqe`.
        unsafe command.storeBytes(of: UInt64(UInt(bitPattern: parts)), toByteOffset: 16, as: UInt64.self)
        unsafe command.storeBytes(of: 2, toByteOffset: 24, as: UInt32.self)
        unsafe put(command, commit: 0)
    }

    /// Gives the answer back and takes the next request (FUSE_IO_URING_CMD_COMMIT_AND_FETCH). A request that nobody answered fails.
    @unsafe func commit(by ring: borrowing CommandRing, tag: UInt64) {
        switch bytes {
        case .none, .payload: break
        case .small: unsafe payload.copyMemory(from: base + Self.smallOffset, byteCount: count)
        case .heap(let kept):
            unsafe kept.withUnsafeBytes { unsafe payload.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: count) }
        }
        var state = unsafe base.load(fromByteOffset: Self.stateOffset, as: State.self)
        state.payloadSize = UInt32(count)
        unsafe base.storeBytes(of: answer, as: fuse_out_header.self)
        unsafe base.storeBytes(of: state, toByteOffset: Self.stateOffset, as: State.self)
        answer.unique = 0
        unsafe commitAgain(by: ring, tag: tag)
    }

    /// The same once more, where the kernel could not take it for the moment.
    @unsafe func commitAgain(by ring: borrowing CommandRing, tag: UInt64) {
        let state = unsafe base.load(fromByteOffset: Self.stateOffset, as: State.self)
        unsafe put(ring.command(2, tag: tag), commit: state.commit)
    }

    /// `struct fuse_uring_cmd_req`, in the driver's part of the command.
    @unsafe private func put(_ command: UnsafeMutableRawPointer, commit: UInt64) {
        unsafe command.storeBytes(of: commit, toByteOffset: 48 + 8, as: UInt64.self)
        unsafe command.storeBytes(of: queue, toByteOffset: 48 + 16, as: UInt16.self)
    }

    // MARK: The server's side

    /// The request that the kernel has put here, as one message, valid until `commit`; nil where its sizes are none. From here on an answer is
    /// awaited.
    @unsafe func message() -> UnsafeMutableRawBufferPointer? {
        let header = unsafe base.load(as: fuse_in_header.self)
        let state = unsafe base.load(fromByteOffset: Self.stateOffset, as: State.self)
        received = min(Int(state.payloadSize), Self.payloadSize)
        answer = fuse_out_header(len: UInt32(MemoryLayout<fuse_out_header>.size), error: -EIO, unique: header.unique)
        (bytes, count) = (.none, 0)
        isTaken = true
        let operation = Int(header.len) - Self.headerSize - Int(state.payloadSize)
        guard received == Int(state.payloadSize), (0...Self.operationSize).contains(operation) else { return nil }
        let start = unsafe payload - operation - Self.headerSize
        unsafe start.storeBytes(of: header, as: fuse_in_header.self)
        unsafe (start + Self.headerSize).copyMemory(from: base + Self.operationOffset, byteCount: operation)
        return unsafe UnsafeMutableRawBufferPointer(start: start, count: Int(header.len))
    }

    /// Room for an answer of `size` bytes that need not be copied any more; nil where the request's own are in there.
    @unsafe func room(_ size: Int) -> UnsafeMutableRawBufferPointer? {
        guard received == 0, answer.unique != 0, size <= Self.payloadSize else { return nil }
        return unsafe UnsafeMutableRawBufferPointer(start: payload, count: size)
    }

    /// Keeps the answer to the request that is here until `commit`; false where it is to another one, or too large.
    @unsafe func keep(_ header: fuse_out_header, _ data: UnsafeRawBufferPointer) -> Bool {
        guard header.unique == answer.unique, header.unique != 0, data.count <= Self.payloadSize else { return false }
        answer = header
        count = data.count
        guard count > 0, let start = data.baseAddress else {
            bytes = .none
            return true
        }
        if received == 0 {
            // An answer that was put together here needs no copy.
            if unsafe start != UnsafeRawPointer(payload) { unsafe payload.copyMemory(from: start, byteCount: count) }
            bytes = .payload
        } else if count <= Self.smallSize {
            unsafe (base + Self.smallOffset).copyMemory(from: start, byteCount: count)
            bytes = .small
        } else {
            bytes = .heap(unsafe [UInt8](data))
        }
        return true
    }
}

/// The entry whose request this thread is serving; none on threads that read the device.
enum CurrentRingEntry {
    private static let slot = ThreadSlot()

    /// Of this thread; the caller keeps it alive.
    static func set(_ entry: RingEntry?) {
        unsafe slot.set(entry.map { unsafe UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) })
    }

    static var current: RingEntry? {
        unsafe slot.pointer.map { unsafe Unmanaged<RingEntry>.fromOpaque($0).takeUnretainedValue() }
    }
}
