internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A FUSE filesystem that is made, negotiated with the kernel and dropped again without ever being mounted anywhere.
///
/// What the kernel offers in its first message, and whether it takes a file for passthrough, is known after that and not before:
/// versions and configuration files do not tell what a container may do.
struct FuseTrial: Sendable {
    /// The protocol that the kernel speaks.
    let major: UInt32
    let minor: UInt32
    /// nil where the kernel takes a file to read from itself; else what kept it from that.
    let passthroughFailure: String?
    /// Whether the kernel sends again what a process that served had taken and not answered.
    let offersResending: Bool

    /// FUSE_PASSTHROUGH is bit 37 of the flags, bit 5 of their second word (linux/fuse.h).
    private static let passthroughFlag: UInt32 = 1 << 5
    /// FUSE_HAS_RESEND, bit 39.
    private static let resendingFlag: UInt32 = 1 << 7
    /// FUSE_INIT_EXT: the second word counts.
    private static let extendedFlags: UInt32 = 1 << 30
    /// FUSE_DEV_IOC_BACKING_OPEN: `_IOW(229, 1, struct { int32_t fd; uint32_t flags; uint64_t padding; })`.
    private static let openBacking: UInt = 0x4010_e501
    private static let stringParameter: UInt32 = 1
    private static let create: UInt32 = 6

    /// - Parameters:
    ///   - device: `/dev/fuse`, opened for this trial alone.
    ///   - file: a regular file of the filesystem that zones lie on.
    init(device: borrowing Descriptor, file: borrowing Descriptor) throws(Errno) {
        let number = device.rawValue
        // The instance lives as long as this descriptor; its end is the connection's.
        let context = Descriptor(owning: try check { unsafe pinfold_trial_fsopen("fuse") })
        let filesystem = context.rawValue
        for (key, value) in [("fd", String(number)), ("rootmode", "40000"), ("user_id", "0"), ("group_id", "0")] {
            _ = try check { unsafe pinfold_trial_fsconfig(filesystem, Self.stringParameter, key, value) }
        }
        _ = try check { pinfold_trial_fsconfig(filesystem, Self.create, nil, nil) }

        var request = [UInt8](repeating: 0, count: 1 << 16)
        // The kernel has queued its INIT by now; a second is for a kernel that has not.
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        guard try check({ unsafe poll(&entry, 1, 1000) }) == 1 else { throw Errno.timedOut }
        let count = try check {
            unsafe request.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress.unsafelyUnwrapped, $0.count) }
        }
        guard count >= 56 else { throw Errno.invalidArgument }
        // Header of 40 bytes, its number at 8; then major, minor, read-ahead, flags, and from 7.36 on their second word.
        let word = { (offset: Int) -> UInt32 in
            unsafe request.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        }
        major = word(40)
        minor = word(44)
        let offersExtended = word(52) & Self.extendedFlags != 0 && count >= 60
        offersResending = offersExtended && word(56) & Self.resendingFlag != 0
        guard offersExtended, word(56) & Self.passthroughFlag != 0 else {
            passthroughFailure = "the kernel does not offer it"
            return
        }
        var reply = [UInt8](repeating: 0, count: 80)
        unsafe reply.withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: UInt32(80), toByteOffset: 0, as: UInt32.self)
            unsafe bytes.copyBytes(from: request[8..<16], at: 8)
            unsafe bytes.storeBytes(of: 7, toByteOffset: 16, as: UInt32.self)
            unsafe bytes.storeBytes(of: word(44), toByteOffset: 20, as: UInt32.self)
            unsafe bytes.storeBytes(of: Self.extendedFlags, toByteOffset: 28, as: UInt32.self)
            unsafe bytes.storeBytes(of: 4096, toByteOffset: 36, as: UInt32.self)
            unsafe bytes.storeBytes(of: Self.passthroughFlag, toByteOffset: 48, as: UInt32.self)
            // How deep filesystems may be stacked below: one.
            unsafe bytes.storeBytes(of: 1, toByteOffset: 52, as: UInt32.self)
        }
        _ = try check { unsafe reply.withUnsafeBytes { unsafe write(number, $0.baseAddress.unsafelyUnwrapped, $0.count) } }
        do {
            var backing: (Int32, UInt32, UInt64) = (file.rawValue, 0, 0)
            _ = try check { unsafe pinfold_ioctl(number, Self.openBacking, &backing) }
            passthroughFailure = nil
        } catch {
            passthroughFailure =
                error == .tooManySymbolicLinkLevels ? "the zones' filesystem is itself stacked on another" : "\(error)"
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Bytes to a place of their own.
    fileprivate func copyBytes(from bytes: ArraySlice<UInt8>, at offset: Int) {
        for (index, byte) in bytes.enumerated() { unsafe self[offset + index] = byte }
    }
}
