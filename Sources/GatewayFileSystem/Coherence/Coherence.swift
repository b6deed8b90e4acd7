internal import CLinux
package import FuseSession
internal import LinuxSystem
package import SystemPackage
internal import ZonePolicy

/// Keeps what the kernel remembers of the planes true: every change of the filesystems below, by whomever, takes back the names and attributes
/// that it made wrong, within a millisecond or two.
///
/// One thread reads the changes and sends the notifications; it serves no request, so it may wait for the locks that a request holds
/// (<fuse3/fuse_lowlevel.h>, `fuse_lowlevel_notify_inval_entry`). What an answer under way is about to make the kernel remember is covered too:
///
/// - a name: the kernel looks it up, and lists a directory, with the directory's lock held, and the notification waits for that lock;
/// - a known file: the notification advances the inode's attribute version, and the kernel ignores older answers;
/// - a file that the kernel does not know yet: the name that the event gives is made doubtful instead, under the directory's lock.
package final class Coherence: Sendable {
    /// A plane's number here: it gets one before its `Source` finds its first mount.
    package struct PlaneKey: Sendable, Hashable {
        let index: Int
    }

    struct Plane: Sendable {
        let files: PlaneFiles
        let notifier: Notifier
        /// The last names of the hidden paths that have no wildcard: what they lead to is hidden under its other names too.
        let hiddenNames: Set<[UInt8]>
    }

    /// Where a filesystem is seen: a plane's mount.
    struct Sighting: Sendable, Hashable {
        let plane: Int
        let mount: UInt16
    }

    struct Watched: Sendable {
        var planes: [Plane?] = []
        var filesystems: [FilesystemMonitor.FilesystemID: [Sighting]] = [:]
    }

    /// What has been done, for the log and the tests.
    package struct Counts: Sendable {
        package var events: UInt64 = 0
        package var batches: UInt64 = 0
        package var notifications: UInt64 = 0
        package var overflows: UInt64 = 0
    }

    let monitor: FilesystemMonitor
    let watched = Lock(Watched())
    let counted = Lock(Counts())
    private let stopSignal: EventDescriptor
    private let thread = Lock<Bool>(false)
    private let finished: EventDescriptor
    let hiddenNames = HiddenNames()
    /// Called on the thread after an overflow, when everything has been taken back.
    let overflowed: @Sendable () -> Void

    /// - Parameter hasLimit: whether the queue of changes has the machine's limit; without it there is no overflow but for want of memory.
    /// - Throws: EPERM without CAP_SYS_ADMIN, ENOSYS without fanotify, EOPNOTSUPP on a kernel before 6.16: then nothing is watched, and answers
    ///   are kept for a second.
    package init(hasLimit: Bool = false, overflowed: @escaping @Sendable () -> Void = {}) throws(Errno) {
        guard KernelVersion.running >= KernelVersion(6, 16) else { throw .notSupported }
        monitor = try FilesystemMonitor(hasLimit: hasLimit)
        stopSignal = try EventDescriptor()
        finished = try EventDescriptor()
        self.overflowed = overflowed
    }

    package var counts: Counts { counted.withLock { $0 } }

    // MARK: What is watched

    /// Makes room for a plane whose source is about to be made.
    package func addPlane() -> PlaneKey {
        watched.withLock { watched in
            watched.planes.append(nil)
            return PlaneKey(index: watched.planes.count - 1)
        }
    }

    /// What the plane's `Source` calls for each mount that it finds: watches the mount's filesystem, if that can be relied upon.
    package func mountHandler(for key: PlaneKey) -> Source.MountHandler {
        { [weak self] mount in self?.watch(mount, of: key) }
    }

    private func watch(_ mount: Mount, of key: PlaneKey) {
        guard let anchor = mount.anchor, Watchability.changesElsewhere(anchor.descriptor) == nil,
            let filesystem = try? FilesystemMonitor.identity(of: anchor.descriptor)
        else { return }
        let sighting = Sighting(plane: key.index, mount: mount.index)
        // Known before it is watched: no event of it finds nobody.
        watched.withLock { watched in
            if watched.filesystems[filesystem]?.contains(sighting) != true {
                watched.filesystems[filesystem, default: []].append(sighting)
            }
        }
        do throws(Errno) {
            try monitor.watch(filesystemOf: anchor.descriptor)
            mount.isWatched = true
        } catch {
            watched.withLock { $0.filesystems[filesystem]?.removeAll { $0 == sighting } }
        }
    }

    /// The plane is there: from here on its kernel is told.
    package func attach(_ key: PlaneKey, _ files: PlaneFiles, _ notifier: Notifier) {
        let hidden = Set(files.policy.hiddenLiteralPaths.compactMap { $0.split(separator: UInt8(ascii: "/")).last.map(Array.init) })
        watched.withLock { $0.planes[key.index] = Plane(files: files, notifier: notifier, hiddenNames: hidden) }
    }

    // MARK: The thread

    /// Starts the thread; once.
    package func start() throws(Errno) {
        let isFirst = thread.withLock { started -> Bool in
            defer { started = true }
            return !started
        }
        guard isFirst else { return }
        _ = try SystemThread("coherence") { [self] in
            run()
            finished.set()
        }
    }

    /// Ends the thread and waits for it. A notification that it is in the middle of ends when its session does, or its request is answered.
    package func stop() {
        guard thread.withLock({ $0 }) else { return }
        stopSignal.set()
        finished.wait()
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        var batch = ChangeBatch(self)
        while monitor.wait(orFor: stopSignal) {
            let started = SystemClock.monotonic
            guard let length = try? monitor.read(into: &buffer) else { return }
            let events = unsafe buffer.withUnsafeBytes { bytes in
                unsafe batch.process(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
            }
            counted.withLock { counts in
                counts.events += UInt64(events)
                counts.batches += 1
            }
            // Changes of one file are merged while they wait in the queue. A short rest in a busy time spares the writer a notification for
            // each of his writes, and is far below what a reader may notice; behind a long queue there is none.
            if events < 256, SystemClock.monotonic - started < Self.rest { SystemThread.sleep(nanoseconds: Self.rest) }
        }
    }

    /// Nanoseconds.
    private static let rest: UInt64 = 1_000_000
}
