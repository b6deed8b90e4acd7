internal import CLinux
package import SystemPackage

/// How a path may be walked (`man 2 openat2`, RESOLVE_*).
package struct PathResolution: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// EXDEV where the walk would cross into another mount.
    package static let noMounts = PathResolution(rawValue: UInt64(RESOLVE_NO_XDEV))
    /// ELOOP at links such as those in `/proc/PID/fd`.
    package static let noMagicLinks = PathResolution(rawValue: UInt64(RESOLVE_NO_MAGICLINKS))
    /// ELOOP at any symbolic link.
    package static let noLinks = PathResolution(rawValue: UInt64(RESOLVE_NO_SYMLINKS))
    /// EXDEV where the walk would leave the directory that it starts in.
    package static let beneath = PathResolution(rawValue: UInt64(pinfold_RESOLVE_BENEATH))
    /// As if the directory were `/`, for absolute paths and links too.
    package static let inRoot = PathResolution(rawValue: UInt64(RESOLVE_IN_ROOT))
    /// Below the directory, through no link: for names that somebody else may change.
    package static let strict: PathResolution = [.beneath, .noLinks, .noMagicLinks]
}

extension Descriptor {
    /// Opens `path`, absolute or from the working directory; close-on-exec always. For set-up, where the admin names the path.
    package static func open(_ path: String, _ flags: OpenFlags, mode: UInt32 = 0) throws(Errno) -> Descriptor {
        Descriptor(owning: try check { unsafe pinfold_open(path, flags.rawValue | O_CLOEXEC, mode_t(mode)) })
    }

    /// Opens `path` from this directory; close-on-exec always. `mode` counts where the flags make a file.
    package borrowing func open(
        _ path: borrowing PathBytes, _ flags: OpenFlags, mode: UInt32 = 0, _ resolution: PathResolution = .strict
    ) throws(Errno) -> Descriptor {
        let raw = rawValue
        let pointer = unsafe path.pointer
        var how = open_how(
            flags: UInt64(UInt32(bitPattern: flags.rawValue | O_CLOEXEC)), mode: UInt64(mode), resolve: resolution.rawValue)
        while true {
            do throws(Errno) {
                return Descriptor(owning: try check { unsafe pinfold_openat2(raw, pointer, &how) })
            } catch {
                // A rename somewhere on the way made the walk unsure; the kernel asks to try again.
                if error != .resourceTemporarilyUnavailable || flags.contains(.nonBlocking) { throw error }
            }
        }
    }

    /// The same for a path in code.
    package borrowing func open(
        _ path: String, _ flags: OpenFlags, mode: UInt32 = 0, _ resolution: PathResolution = .strict
    ) throws(Errno) -> Descriptor {
        let raw = rawValue
        var how = open_how(
            flags: UInt64(UInt32(bitPattern: flags.rawValue | O_CLOEXEC)), mode: UInt64(mode), resolve: resolution.rawValue)
        return Descriptor(owning: try check { unsafe pinfold_openat2(raw, path, &how) })
    }

    /// Opens the file that this O_PATH descriptor refers to, by way of `/proc/self/fd`. Never for FIFOs, sockets and devices: such
    /// an open blocks, or does something.
    package borrowing func reopen(_ flags: OpenFlags) throws(Errno) -> Descriptor {
        let raw = rawValue
        return unsafe try withMagicLink(raw) { link throws(Errno) in
            Descriptor(owning: try check { unsafe pinfold_open(link, flags.rawValue | O_CLOEXEC, 0) })
        }
    }
}

extension Descriptor {
    /// The path that the kernel gives for what this descriptor refers to (`/proc/self/fd`, `man 5 proc`): of a file on a detached
    /// mount, from that mount's root. ` (deleted)` is appended where the name is gone.
    package borrowing func magicLinkText() throws(Errno) -> [UInt8] {
        let raw = rawValue
        var text = [UInt8](repeating: 0, count: 4097)
        let count = try unsafe withMagicLink(raw) { link throws(Errno) in
            try check {
                unsafe text.withUnsafeMutableBytes {
                    unsafe readlink(link, $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self), $0.count)
                }
            }
        }
        guard count <= 4096 else { throw .fileNameTooLong }
        text.removeLast(text.count - count)
        return text
    }
}

/// The link in `/proc/self/fd` of a descriptor of this process, for system calls that take no O_PATH descriptor; nothing after the
/// link is followed.
@unsafe package func withMagicLink<Result: ~Copyable>(
    _ descriptor: Int32, _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
) throws(Errno) -> Result {
    // "/proc/self/fd/" and at most ten digits.
    var path: InlineArray<32, CChar> = .init(repeating: 0)
    var index = 0
    for byte in StaticPath.descriptors {
        path[index] = byte
        index += 1
    }
    var digits = 1
    var rest = descriptor
    while rest >= 10 {
        rest /= 10
        digits += 1
    }
    rest = descriptor
    for position in stride(from: index + digits - 1, through: index, by: -1) {
        path[position] = CChar(48 + rest % 10)
        rest /= 10
    }
    let buffer = path.span
    return try unsafe buffer.withUnsafeBufferPointer { bytes throws(Errno) in try unsafe body(bytes.baseAddress.unsafelyUnwrapped) }
}

private enum StaticPath {
    static let descriptors = "/proc/self/fd/".utf8.map { CChar(bitPattern: $0) }
}
