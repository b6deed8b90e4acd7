internal import CLinux
package import SystemPackage

// Changes of attributes of what a descriptor refers to; O_PATH descriptors will do throughout.
extension Descriptor {
    /// Sets the permission bits (`man 2 chmod`, by way of `/proc/self/fd`); EOPNOTSUPP for symbolic links.
    package borrowing func setMode(_ mode: UInt32) throws(Errno) {
        let raw = rawValue
        _ = try unsafe withMagicLink(raw) { link throws(Errno) in try check { unsafe chmod(link, mode_t(mode)) } }
    }

    /// Sets owner and group; nil leaves one as it is (`man 2 fchownat`, AT_EMPTY_PATH).
    package borrowing func setOwner(_ owner: UInt32?, group: UInt32?) throws(Errno) {
        let raw = rawValue
        _ = try check { unsafe fchownat(raw, "", owner ?? .max, group ?? .max, pinfold_AT_EMPTY_PATH) }
    }

    /// A time to set.
    package enum NewTime: Sendable {
        case keep
        case now
        case at(Timestamp)

        var raw: timespec {
            switch self {
            case .keep: timespec(tv_sec: 0, tv_nsec: Int(pinfold_UTIME_OMIT))
            case .now: timespec(tv_sec: 0, tv_nsec: Int(pinfold_UTIME_NOW))
            case .at(let time): timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
            }
        }
    }

    /// Sets the times (`man 2 utimensat`, AT_EMPTY_PATH).
    package borrowing func setTimes(accessed: NewTime, modified: NewTime) throws(Errno) {
        let raw = rawValue
        let times = (accessed.raw, modified.raw)
        _ = try check {
            unsafe withUnsafeBytes(of: times) {
                unsafe utimensat(raw, "", $0.baseAddress?.assumingMemoryBound(to: timespec.self), pinfold_AT_EMPTY_PATH)
            }
        }
    }

    /// The value's size, or the value itself where `buffer` has room (`man 2 getxattr`).
    package borrowing func extendedAttribute(
        _ name: borrowing PathBytes, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        let raw = rawValue
        let pointer = unsafe name.pointer
        return try unsafe withMagicLink(raw) { link throws(Errno) in
            try check { unsafe getxattr(link, pointer, buffer.baseAddress, buffer.count) }
        }
    }

    /// The names, each with a NUL (`man 2 listxattr`); their size where `buffer` is empty.
    package borrowing func extendedAttributes(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        let raw = rawValue
        return try unsafe withMagicLink(raw) { link throws(Errno) in
            try check { unsafe listxattr(link, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count) }
        }
    }

    /// See `man 2 setxattr` for `flags`.
    package borrowing func setExtendedAttribute(
        _ name: borrowing PathBytes, _ value: UnsafeRawBufferPointer, flags: Int32
    ) throws(Errno) {
        let raw = rawValue
        let pointer = unsafe name.pointer
        _ = try unsafe withMagicLink(raw) { link throws(Errno) in
            try check { unsafe setxattr(link, pointer, value.baseAddress, value.count, flags) }
        }
    }

    /// See `man 2 removexattr`.
    package borrowing func removeExtendedAttribute(_ name: borrowing PathBytes) throws(Errno) {
        let raw = rawValue
        let pointer = unsafe name.pointer
        _ = try unsafe withMagicLink(raw) { link throws(Errno) in try check { unsafe removexattr(link, pointer) } }
    }
}
