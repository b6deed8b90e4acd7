internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

/// Has the kernel learn the names of a directory of which several were looked up one by one: `make`, an interpreter that loads its modules. A listing brings some hundred
/// names with their attributes for what two or three look-ups cost.
///
/// It is done as anybody would: a thread lists the directory through a mount of the view, which is this process's own and in no directory. So
/// all that holds for answers to requests holds for these. The kernel learns as many names as it was asked for sixteen times over, so that little is
/// learned in vain.
///
/// A thread that waits for an answer of its own process keeps a killed one from ending; what ends the connection then is `ConnectionGuard`, without
/// which this must not be started; when that is lost, this stops.
final class NamesAhead: Sendable {
    private struct Job: Sendable {
        let directory: NodeID
        let names: Int
    }
    private struct Count {
        var directory: NodeID
        var lookups: Int
    }

    private let files: PlaneFiles
    /// The root of the mount; nil before the start and after the end.
    private let view = Lock<SharedDescriptor?>(nil)
    private let jobs = Mailbox<Job>(capacity: 16)
    /// By the directory's number: of two that meet in one slot the later one has it.
    private let counts = Lock([Count?](repeating: nil, count: 4096))

    /// What a name takes in the answer to a listing with attributes: the kernel makes room for as much as the caller of getdents64 does.
    private static let bytesOfName = 192

    init(_ files: PlaneFiles) { self.files = files }

    /// - Parameter root: of a mount of the view.
    func start(at root: SharedDescriptor, _ notifier: Notifier) {
        view.withLock { $0 = root }
        _ = try? SystemThread("names-ahead") { [self] in
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
            while true {
                let job = jobs.take()
                // Where others wait already, this would only make them wait longer.
                if notifier.hasWaitingRequests { continue }
                // What fails is gone, or the view is: whoever wants a name asks for it.
                try? unsafe list(job, room)
            }
        }
    }

    /// Lets go of the mount.
    func stop() { view.withLock { $0 = nil } }

    /// A name that is there was looked up.
    func lookedUp(in directory: NodeID) {
        let slot = Int(truncatingIfNeeded: (directory.rawValue &* 0x9e37_79b9_7f4a_7c15) >> 52)
        let lookups = counts.withLock { counts in
            let lookups = (counts[slot].flatMap { $0.directory == directory ? $0.lookups : nil } ?? 0) + 1
            counts[slot] = Count(directory: directory, lookups: lookups)
            return lookups
        }
        switch lookups {
        case 4, 16, 64, 256: jobs.put(Job(directory: directory, names: lookups * 16))
        default: break
        }
    }

    private func list(_ job: Job, _ room: UnsafeMutableRawBufferPointer) throws(Errno) {
        guard let root = view.withLock({ $0 }), let node = files.nodes.node(job.directory), node.isDirectory,
            files.source.mount(node.mount).isWatched
        else { return }
        let path = try files.source.location(job.directory, node).descriptor.magicLinkText().drop { $0 == UInt8(ascii: "/") }
        let flags: OpenFlags = [.readOnly, .directory, .noFollow]
        let directory =
            path.isEmpty
            ? try root.descriptor.open(".", flags)
            : try Array(path).withPathBytes { name throws(Errno) in try root.descriptor.open(name, flags) }
        let raw = directory.rawValue
        var rest = job.names * Self.bytesOfName
        while rest > 0 {
            let size = min(rest, room.count)
            if try check({ unsafe pinfold_getdents64(raw, room.baseAddress, size) }) == 0 { return }
            rest -= size
        }
    }
}
