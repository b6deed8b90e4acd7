internal import CLinux
package import FuseSession
internal import LinuxSystem
package import SystemPackage
internal import ZonePolicy

/// Keeps what the kernel remembers of the planes true: every change of the filesystems below, by whomever, takes back the names and
/// attributes that it made wrong, within a millisecond or two.
///
/// One thread reads the changes and sends the notifications; it serves no request, so it may wait for the locks that a request
/// holds (<fuse3/fuse_lowlevel.h>, `fuse_lowlevel_notify_inval_entry`). What an answer under way is about to make the kernel
/// remember is covered too:
///
/// - a name: the kernel looks it up, and lists a directory, with the directory's lock held, and the notification waits for that lock;
/// - a known file: the notification advances the inode's attribute version, and the kernel ignores older answers;
/// - a file that the kernel does not know yet: the name that the event gives is made doubtful instead, under the directory's lock.
package final class Coherence: Sendable {
    /// A plane's number here: it gets one before its `Source` finds its first mount.
    package struct PlaneKey: Sendable, Hashable {
        let index: Int
    }

    final class Plane: Sendable {
        let files: PlaneFiles
        let notifier: Notifier
        /// The last names of the hidden paths that have no wildcard: what they lead to is hidden under its other names too.
        private let hiddenNames: [[UInt8]]

        init(files: PlaneFiles, notifier: Notifier) {
            self.files = files
            self.notifier = notifier
            hiddenNames = Coherence.hiddenNames(files.policy)
        }

        /// Whether something of this name is hidden somewhere. There are few, and each name that comes or goes on the disk is compared.
        func hides(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
            for hidden in hiddenNames where hidden.count == name.count {
                if unsafe hidden.elementsEqual(name) { return true }
            }
            return false
        }
    }

    private static func hiddenNames(_ policy: AccessPolicy) -> [[UInt8]] {
        Array(Set(policy.hiddenLiteralPaths.compactMap { $0.split(separator: UInt8(ascii: "/")).last.map(Array.init) }))
    }

    /// Has it reported wherever a name comes or goes that is hidden somewhere: before anybody looks at what is there.
    func ask(forNamesOf policy: AccessPolicy) { for name in Self.hiddenNames(policy) { subscription.ask(for: name) } }

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

    private let feed: ChangeFeed
    private let subscription: Subscription
    let watched = Lock(Watched())
    let counted = Lock(Counts())
    private let thread = Lock<Bool>(false)
    private let finished: EventDescriptor
    let hiddenNames = HiddenNames()
    /// Called on the thread after an overflow, when everything has been taken back.
    let overflowed: @Sendable () -> Void

    /// - Parameter subscription: to `feed`, what another process has not acted upon included.
    init(_ feed: ChangeFeed, _ subscription: Subscription, overflowed: @escaping @Sendable () -> Void) throws(Errno) {
        self.feed = feed
        self.subscription = subscription
        finished = try EventDescriptor()
        self.overflowed = overflowed
    }

    /// Its seat at the feed.
    var seat: Subscription { subscription }

    /// What the planes know, so that changes of it are reported.
    var filter: InterestFilter { subscription.filter }

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
            try feed.watch(filesystemOf: anchor.descriptor)
            mount.isWatched = true
        } catch {
            watched.withLock { $0.filesystems[filesystem]?.removeAll { $0 == sighting } }
        }
    }

    /// The plane is there: from here on its kernel is told.
    package func attach(_ key: PlaneKey, _ files: PlaneFiles, _ notifier: Notifier) {
        let plane = Plane(files: files, notifier: notifier)
        watched.withLock { $0.planes[key.index] = plane }
    }

    // MARK: The thread

    /// Starts the thread; once.
    /// - Parameter former: the process that served before, whose own doings may be among what is reported first.
    package func start(following former: Int32? = nil) throws(Errno) {
        let isFirst = thread.withLock { started -> Bool in
            defer { started = true }
            return !started
        }
        guard isFirst else { return }
        _ = try SystemThread("coherence") { [self] in
            run(following: former)
            finished.set()
        }
    }

    /// Ends the thread and waits for it. A notification that it is in the middle of ends when its session does, or its request is answered.
    package func stop() {
        guard thread.withLock({ $0 }) else { return }
        subscription.stop()
        finished.wait()
    }

    private func run(following former: Int32?) {
        var batch = ChangeBatch(self)
        batch.formerProcess = former
        // Until when reports of that process's doings are waited for: some milliseconds, as a rule.
        let patience = SystemClock.monotonic + 2_000_000_000
        // When what changed in files is told next.
        var due: UInt64 = 0
        // What a process that served before was in the middle of is there still: to take something back twice does no harm.
        subscription.begin()
        while subscription.wait(until: batch.isEmpty ? batch.formerProcess.map { _ in SystemClock.monotonic + Self.pause } : due) {
            let events = unsafe subscription.take { bytes in unsafe batch.process(bytes) } ?? 0
            // What comes from here on happened after its end; another process may get its number.
            if events == 0, batch.formerProcess != nil {
                let isPast = feed.isHandedOut || SystemClock.monotonic > patience
                if isPast, !subscription.hasMore { batch.formerProcess = nil }
            }
            // A name is taken back at once: what somebody made is missing until then. What changes in a file waits for more of it,
            // which spares the writer a notification for each of his writes.
            let now = SystemClock.monotonic
            if !batch.isEmpty, now >= due || subscription.isFull {
                batch.tell()
                due = now + Self.pause
            }
            if batch.isEmpty { subscription.clear() }
            if events > 0 { count(events) }
        }
    }

    private func count(_ events: Int) {
        counted.withLock { counts in
            counts.events += UInt64(events)
            counts.batches += 1
        }
    }

    /// Nanoseconds: far below what a reader may notice.
    private static let pause: UInt64 = 1_000_000
}
