internal import AuditLog
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// Keeps the record of a zone that the kernel serves by itself: who made, moved, removed and wrote what there, as the kernel reports it of the whole file
/// system (`fanotify`), in the same chain as all else.
///
/// What is told is what was done, by anybody, through the view or beside it; what the kernel refused is not reported. A change is told when it is done: who did
/// it may have ended, and is a number without a name then.
final class DirectRecord: Sendable {
    private let watch: Watch
    private let finished: EventDescriptor

    /// Records what is reported from the time on that `watch` was made.
    init(_ watch: Watch, _ trail: AuditTrail) throws(Errno) {
        self.watch = watch
        finished = try EventDescriptor()
        _ = try SystemThread("direct-record") { [finished] in
            watch.run(trail)
            finished.set()
        }
    }

    /// Takes in what was reported so far and ends; waits for that, ten seconds at most.
    func stop() {
        watch.stop()
        finished.wait(milliseconds: 10_000)
    }

    /// What is watched, and what was reported of it.
    final class Watch: Sendable {
        private let feed: ChangeFeed
        private let subscription: Subscription
        /// The zone's directory, which keeps the mount that it was opened through.
        private let root: SharedDescriptor
        private let handle: FileHandle
        private let path: [UInt8]

        /// Watches from here on: before the zone is mounted.
        convenience init(
            of zone: borrowing Layout.Directory, _ feed: ChangeFeed, _ subscription: Subscription
        ) throws(Errno) {
            let clone = try DetachedMount.clone(of: zone.descriptor, recursive: false, [.readOnly, .noSetuid, .noDevices])
            let root = try clone.root.open(".", [.readOnly, .directory])
            try feed.watch(filesystemOf: root)
            try self.init(zone.path, root, feed, subscription)
        }

        /// Goes on with what another process watched.
        init(_ path: String, _ root: consuming Descriptor, _ feed: ChangeFeed, _ subscription: Subscription) throws(Errno) {
            handle = try FileHandle.of(root)
            self.root = SharedDescriptor(root)
            self.feed = feed
            self.subscription = subscription
            self.path = Array(path.utf8)
        }

        var seat: Subscription { subscription }

        /// What the next process goes on with.
        var descriptors: (doings: Int32, zone: Int32) { (subscription.rawDescriptor, root.descriptor.rawValue) }

        /// Has `run` take in what was reported until now, and end.
        func stop() { subscription.stop() }

        private func waitForReports() {
            let deadline = SystemClock.monotonic + Self.patience
            while !feed.isHandedOut, SystemClock.monotonic < deadline { SystemThread.sleep(milliseconds: 1) }
        }

        func run(_ trail: AuditTrail) {
            var witness = DirectWitness(ZoneDirectories(root, handle, subscription.filter), trail, root: path)
            // Of what happens while it looks at what is there, it knows nothing yet.
            subscription.open()
            subscription.begin()
            witness.begin()
            var (isLast, lane) = (false, subscription.last)
            while !isLast {
                isLast = !subscription.wait()
                if isLast { waitForReports() }
                // What a process that served before was in the middle of is there still: rather told twice than never.
                while let events = unsafe subscription.take({ bytes in unsafe witness.take(bytes) }) {
                    // Or somebody else reads now, and what the two have handed out may have come in another order than it was done.
                    if witness.hasLost || subscription.last != lane {
                        lane = subscription.last
                        subscription.open()
                        witness.begin()
                    }
                    subscription.clear()
                    subscription.closeIfCaughtUp()
                    // Reports of one file are merged while they wait. A few come at once from somebody who may have ended in a moment.
                    if events > Self.few, !isLast { SystemThread.sleep(milliseconds: 1) }
                }
                subscription.closeIfCaughtUp()
            }
        }

        private static let few = 16
        /// Nanoseconds that what is reported may take until it is handed out, at the end.
        private static let patience: UInt64 = 5_000_000_000
    }
}
