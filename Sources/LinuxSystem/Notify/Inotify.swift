internal import CLinux
package import SystemPackage

/// An inotify instance (`man 7 inotify`), used as a bell: it says that something happened below some directories, not what.
package struct Inotify: ~Copyable, Sendable {
    package let descriptor: Descriptor

    package init() throws(Errno) {
        descriptor = Descriptor(owning: try check { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) })
    }

    /// Rings when names in the directory come, go or are written, or when the directory itself is moved or removed.
    ///
    /// The directory is named by a descriptor, so that nobody swaps it between a check and this call.
    /// - Returns: the number of the watch; the same directory has the same number.
    package borrowing func watch(_ directory: borrowing Descriptor) throws(Errno) -> Int32 {
        let mask =
            UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE) | UInt32(IN_CLOSE_WRITE)
            | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
        let own = descriptor.rawValue
        let path = "/proc/self/fd/\(directory.rawValue)"
        return try check { unsafe inotify_add_watch(own, path, mask) }
    }

    package borrowing func unwatch(_ number: Int32) {
        _ = inotify_rm_watch(descriptor.rawValue, number)
    }

    /// Waits until it rings, or `other` is set, or `milliseconds` pass (a negative number: as long as it takes).
    package borrowing func wait(or other: EventDescriptor, milliseconds: Int32) throws(Errno) -> (rang: Bool, other: Bool) {
        var entries = [
            pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other.rawValue, events: Int16(POLLIN), revents: 0),
        ]
        _ = try check { unsafe poll(&entries, 2, milliseconds) }
        return (entries[0].revents != 0, entries[1].revents != 0)
    }

    /// Reads all that is queued and forgets it.
    package borrowing func drain() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while unsafe read(descriptor.rawValue, &buffer, buffer.count) > 0 {}
    }
}
