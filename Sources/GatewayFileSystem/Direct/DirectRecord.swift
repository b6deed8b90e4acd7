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
    private let stopSignal: EventDescriptor
    private let finished: EventDescriptor

    /// Records what is reported from the time on that `watch` was made.
    init(_ watch: Watch, _ trail: AuditTrail) throws(Errno) {
        stopSignal = try EventDescriptor()
        finished = try EventDescriptor()
        _ = try SystemThread("direct-record") { [stopSignal, finished] in
            watch.run(trail, until: stopSignal)
            finished.set()
        }
    }

    /// Takes in what was reported so far and ends; waits for that, ten seconds at most.
    func stop() {
        stopSignal.set()
        finished.wait(milliseconds: 10_000)
    }

    /// What is watched, and what was reported of it.
    final class Watch: Sendable {
        private let monitor: FilesystemMonitor
        private let reports: ReportBuffer
        /// The zone's directory, which keeps the mount that it was opened through.
        private let root: SharedDescriptor
        private let handle: FileHandle
        private let path: [UInt8]

        /// Watches from here on: before the zone is mounted.
        convenience init(of zone: borrowing Layout.Directory) throws(Errno) {
            let clone = try DetachedMount.clone(of: zone.descriptor, recursive: false, [.readOnly, .noSetuid, .noDevices])
            let root = try clone.root.open(".", [.readOnly, .directory])
            // The agent can do more than is looked at, and must not fill the machine's memory with it. What is lost is counted.
            let monitor = try FilesystemMonitor(hasLimit: true)
            try monitor.watch(filesystemOf: root, FilesystemMonitor.doings)
            try self.init(zone.path, root, monitor, ReportBuffer(try SharedMemory(size: ReportBuffer.size)))
        }

        /// Goes on with what another process watched.
        init(
            _ path: String, _ root: consuming Descriptor, _ monitor: consuming FilesystemMonitor, _ reports: ReportBuffer
        ) throws(Errno) {
            handle = try FileHandle.of(root)
            self.root = SharedDescriptor(root)
            self.monitor = monitor
            self.reports = reports
            self.path = Array(path.utf8)
        }

        /// What the next process goes on with.
        var descriptors: (doings: Int32, reports: Int32, zone: Int32) {
            (monitor.rawDescriptor, reports.rawDescriptor, root.descriptor.rawValue)
        }

        func run(_ trail: AuditTrail, until stopSignal: EventDescriptor) {
            var witness = DirectWitness(ZoneDirectories(root, handle), trail, root: path)
            witness.begin()
            // What a process that served before was in the middle of: rather told twice than never.
            unsafe reports.resume { bytes in _ = unsafe witness.take(bytes) }
            reports.clear()
            var isLast = false
            while !isLast {
                isLast = !monitor.wait(orFor: stopSignal)
                var events = 0
                repeat {
                    guard let taken = unsafe try? reports.next(of: monitor, { bytes in unsafe witness.take(bytes) }) else { return }
                    reports.clear()
                    events = taken
                } while isLast && events > 0
                // Reports of one file are merged while they wait. A few come at once from somebody who may have ended in a moment.
                if events > Self.few { SystemThread.sleep(milliseconds: 1) }
            }
        }

        private static let few = 16
    }
}
