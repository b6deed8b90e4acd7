internal import CUring
internal import LinuxSystem
internal import SystemPackage

/// A ring of commands to a driver (`man 7 io_uring`, IORING_OP_URING_CMD), of the thread that makes it alone.
///
/// It takes commands to one file's driver and nothing else, for good: without that, whoever takes the thread over could open, connect and set up
/// sockets through it, which the filter of system calls refuses (`man 3 io_uring_register_restrictions`).
@safe struct CommandRing: ~Copyable {
    private let ring: UnsafeMutablePointer<io_uring>

    /// A command with 80 bytes of the driver's own, FUSE's needs 24 (IORING_SETUP_SQE128).
    static let commandSize = 128

    private init(_ ring: UnsafeMutablePointer<io_uring>) { unsafe self.ring = unsafe ring }

    /// - Parameters:
    ///   - entries: how many commands may be under way.
    ///   - file: whose driver they are for; the ring holds it open.
    ///
    /// ENOSYS or EPERM where the kernel has no rings or `kernel.io_uring_disabled` forbids them, EINVAL before Linux 6.1.
    static func make(entries: UInt32, for file: Int32) throws(Errno) -> CommandRing {
        let made = UnsafeMutablePointer<io_uring>.allocate(capacity: 1)
        unsafe made.initialize(to: io_uring())
        var parameters = io_uring_params()
        // The kernel does its part of a request on this thread, when it waits, and not by interrupting it.
        parameters.flags = UInt32(IORING_SETUP_SQE128) | disabled | singleIssuer | deferTaskrun
        do throws(Errno) {
            try succeed(unsafe io_uring_queue_init_params(entries, made, &parameters))
        } catch {
            unsafe made.deallocate()
            throw error
        }
        let result = unsafe CommandRing(made)
        var file = file
        try succeed(unsafe io_uring_register_files(result.ring, &file, 1))
        var restrictions = [io_uring_restriction(), io_uring_restriction()]
        restrictions[0].opcode = UInt16(IORING_RESTRICTION_SQE_OP)
        restrictions[0].sqe_op = UInt8(IORING_OP_URING_CMD.rawValue)
        restrictions[1].opcode = UInt16(IORING_RESTRICTION_SQE_FLAGS_REQUIRED)
        restrictions[1].sqe_flags = registeredFile
        try succeed(unsafe io_uring_register_restrictions(result.ring, &restrictions, UInt32(restrictions.count)))
        try succeed(unsafe io_uring_enable_rings(result.ring))
        return result
    }

    deinit {
        unsafe io_uring_queue_exit(ring)
        unsafe ring.deallocate()
    }

    /// A command to be filled in, `commandSize` zeroed bytes that are sent by the next `wait`. No more than there are entries are under way.
    @unsafe func command(_ number: UInt32, tag: UInt64) -> UnsafeMutableRawPointer {
        guard let entry = unsafe io_uring_get_sqe(ring) else { preconditionFailure("more commands than the ring has entries") }
        let bytes = UnsafeMutableRawPointer(entry)
        unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: Self.commandSize)
        unsafe entry.pointee.opcode = UInt8(IORING_OP_URING_CMD.rawValue)
        // The first of the registered files, not a descriptor.
        unsafe entry.pointee.fd = 0
        unsafe entry.pointee.flags = Self.registeredFile
        unsafe entry.pointee.user_data = tag
        unsafe bytes.storeBytes(of: number, toByteOffset: Self.numberOffset, as: UInt32.self)
        return unsafe bytes
    }

    /// Sends what was filled in, and waits until a command has an answer.
    func wait() throws(Errno) {
        let result = unsafe io_uring_submit_and_wait(ring, 1)
        if result != -EINTR { try Self.succeed(result) }
    }

    /// The next answer, if there is one: whose it is, and 0 or an error.
    func answer() -> (tag: UInt64, error: Errno?)? {
        var entry: UnsafeMutablePointer<io_uring_cqe>?
        guard unsafe io_uring_peek_cqe(ring, &entry) == 0, let entry = unsafe entry else { return nil }
        let (tag, result) = unsafe (entry.pointee.user_data, entry.pointee.res)
        unsafe io_uring_cqe_seen(ring, entry)
        return (tag, result < 0 ? Errno(rawValue: -result) : nil)
    }

    /// liburing answers the error's negative, and leaves errno alone.
    private static func succeed(_ result: Int32) throws(Errno) {
        if result < 0 { throw Errno(rawValue: -result) }
    }

    /// IOSQE_FIXED_FILE.
    private static let registeredFile: UInt8 = 1 << 0
    // IORING_SETUP_R_DISABLED, _SINGLE_ISSUER and _DEFER_TASKRUN: the importer does not know what `1U << 6` is.
    private static let disabled: UInt32 = 1 << 6
    private static let singleIssuer: UInt32 = 1 << 12
    private static let deferTaskrun: UInt32 = 1 << 13
    /// `cmd_op` of `struct io_uring_sqe`.
    private static let numberOffset = 8
}
