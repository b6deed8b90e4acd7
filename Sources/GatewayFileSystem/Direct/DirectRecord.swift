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

    /// Watches from here on: before the zone is mounted.
    init(of zone: borrowing Layout.Directory, _ trail: AuditTrail) throws(Errno) {
        stopSignal = try EventDescriptor()
        finished = try EventDescriptor()
        let clone = try DetachedMount.clone(of: zone.descriptor, recursive: false, [.readOnly, .noSetuid, .noDevices])
        let root = SharedDescriptor(try clone.root.open(".", [.readOnly, .directory]))
        let monitor = try FilesystemMonitor()
        try monitor.watch(filesystemOf: root.descriptor, FilesystemMonitor.doings)
        let watch = Watch(
            monitor, root, try FileHandle.of(root.descriptor), Array(zone.path.utf8), trail, stopSignal)
        _ = try SystemThread("direct-record") { [finished] in
            watch.run()
            finished.set()
        }
    }

    /// Takes in what was reported so far and ends; waits for that, ten seconds at most.
    func stop() {
        stopSignal.set()
        finished.wait(milliseconds: 10_000)
    }

    /// What the thread owns.
    private final class Watch: Sendable {
        private let monitor: FilesystemMonitor
        /// The zone's directory, which keeps the mount that it was opened through.
        private let root: SharedDescriptor
        private let handle: FileHandle
        private let path: [UInt8]
        private let trail: AuditTrail
        private let stopSignal: EventDescriptor

        init(
            _ monitor: consuming FilesystemMonitor, _ root: SharedDescriptor, _ handle: FileHandle, _ path: [UInt8],
            _ trail: AuditTrail,
            _ stopSignal: EventDescriptor
        ) {
            self.monitor = monitor
            self.root = root
            self.handle = handle
            self.path = path
            self.trail = trail
            self.stopSignal = stopSignal
        }

        func run() {
            var buffer = [UInt8](repeating: 0, count: 256 * 1024)
            var witness = DirectWitness(ZoneDirectories(root, handle), trail, root: path)
            witness.begin()
            var isLast = false
            while !isLast {
                isLast = !monitor.wait(orFor: stopSignal)
                var events = 0
                repeat {
                    guard let length = try? monitor.read(into: &buffer) else { return }
                    events = unsafe buffer.withUnsafeBytes { bytes in
                        unsafe witness.take(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
                    }
                } while isLast && events > 0
                // Reports of one file are merged while they wait. A few come at once from somebody who may have ended in a moment.
                if events > Self.few { SystemThread.sleep(milliseconds: 1) }
            }
        }

        private static let few = 16
    }
}
