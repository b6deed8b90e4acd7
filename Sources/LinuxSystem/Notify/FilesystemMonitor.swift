internal import CLinux
package import SystemPackage

/// Reports what anybody changes on whole filesystems (`man 7 fanotify`, FAN_MARK_FILESYSTEM): which directory and name, or which file, by
/// file handle. Needs CAP_SYS_ADMIN in the initial user namespace.
///
/// Not reported are changes through a shared writable memory map, before the file is closed, and what another machine does to a network filesystem.
package struct FilesystemMonitor: ~Copyable, Sendable {
    private let group: Descriptor

    /// The number that `statfs` and events call a filesystem by.
    package struct FilesystemID: Hashable, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }
    }

    /// Starts to listen; nothing is watched yet.
    ///
    /// - Parameter hasLimit: the kernel drops events beyond a length of the queue (16,384 unless the machine is set otherwise) and says so;
    ///   without it the queue has no bound but memory.
    package init(hasLimit: Bool = false) throws(Errno) {
        let flags =
            UInt32(FAN_CLASS_NOTIF) | UInt32(FAN_CLOEXEC) | UInt32(FAN_NONBLOCK) | UInt32(FAN_REPORT_DIR_FID)
            | UInt32(FAN_REPORT_NAME)
            | UInt32(FAN_REPORT_FID) | UInt32(FAN_REPORT_TARGET_FID) | UInt32(FAN_UNLIMITED_MARKS)
            | (hasLimit ? 0 : UInt32(FAN_UNLIMITED_QUEUE))
        group = Descriptor(owning: try check { pinfold_fanotify_init(flags, UInt32(O_RDONLY | O_CLOEXEC | O_LARGEFILE)) })
    }

    /// Goes on with what another process started: what is watched stays watched, and what waits is to be had.
    package init(adopting group: consuming Descriptor) { self.group = group }

    /// Valid only while this value lives.
    package var rawDescriptor: Int32 { group.rawValue }

    /// What makes an answer of the view's wrong. That a file is no more (FAN_DELETE_SELF) says nothing new: its last name went before, and with
    /// that its count of links changed, both of which are reported.
    package static let coherence: FilesystemEvent.Changes = [
        .created, .deleted, .movedFrom, .movedTo, .modified, .attributes, .closedAfterWriting, .onDirectory,
    ]
    /// What is recorded of somebody's doings: a rename in one, who wrote what once.
    package static let doings: FilesystemEvent.Changes = [
        .created, .deleted, .renamed, .modified, .attributes, .closedAfterWriting, .onDirectory,
    ]
    /// What either wants.
    package static let everything = coherence.union(doings)

    /// Reports `changes` of the whole filesystem that `location` is on from here on; again is harmless.
    ///
    /// - Throws: EOPNOTSUPP where the filesystem has no file handles, ENODEV where it has no identity, EXDEV on a btrfs subvolume.
    package borrowing func watch(
        filesystemOf location: borrowing Descriptor, _ changes: FilesystemEvent.Changes = coherence
    ) throws(Errno) {
        let group = group.rawValue
        let raw = location.rawValue
        _ = try check {
            pinfold_fanotify_mark(group, UInt32(FAN_MARK_ADD) | UInt32(FAN_MARK_FILESYSTEM), changes.rawValue, raw, nil)
        }
    }

    /// What `location`'s filesystem is called in events.
    package static func identity(of location: borrowing Descriptor) throws(Errno) -> FilesystemID {
        var id: UInt64 = 0
        var type: Int64 = 0
        let raw = location.rawValue
        _ = try check { unsafe pinfold_filesystem_identity(raw, &id, &type) }
        return FilesystemID(rawValue: id)
    }

    /// Waits for changes, for `stop` to be set, or for the time `until` on the monotonic clock, in nanoseconds.
    ///
    /// - Returns: false if it was `stop`.
    package borrowing func wait(orFor stop: EventDescriptor, until: UInt64? = nil) -> Bool {
        var polled = [
            pollfd(fd: group.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.rawValue, events: Int16(POLLIN), revents: 0),
        ]
        if let until {
            let now = SystemClock.monotonic
            let nanoseconds = until > now ? until - now : 0
            // A signal's handler that ran shortens it, which does no harm.
            var limit = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
            _ = unsafe ppoll(&polled, 2, &limit, nil)
        } else {
            while unsafe poll(&polled, 2, -1) < 0 && Errno.current == .interrupted {}
        }
        return polled[1].revents == 0
    }

    /// Whether something is in the queue.
    package var isWaiting: Bool {
        var entry = pollfd(fd: group.rawValue, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) == 1
    }

    /// Takes what is in the queue, up to the buffer's length; 0 if nothing is.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        let group = group.rawValue
        do throws(Errno) {
            return try check { unsafe CLinux.read(group, buffer.baseAddress, buffer.count) }
        } catch {
            if error == .resourceTemporarilyUnavailable { return 0 }
            throw error
        }
    }
}
