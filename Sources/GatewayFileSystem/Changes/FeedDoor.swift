internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Where those who start later get the feed of changes that a view uses: whoever connects is given it. Root's alone, in a directory that is root's alone.
final class FeedDoor: Sendable {
    private let listener: PacketSocket
    private let path: String
    private let queue: Int32
    private let memory: Int32

    private init(_ listener: consuming PacketSocket, _ path: String, _ feed: ChangeFeed) {
        self.listener = listener
        self.path = path
        (queue, memory) = feed.descriptors
    }

    /// The one that another program's keeper has opened.
    convenience init(adopting listener: consuming Descriptor, _ path: String, _ feed: ChangeFeed) {
        self.init(PacketSocket(listener), path, feed)
    }

    var rawDescriptor: Int32 { listener.rawDescriptor }

    /// Gives the feed to those who have come. Nobody is waited for.
    func answer() {
        while let socket = try? listener.accept() {
            guard (try? socket.peer)?.userID == 0 else { continue }
            try? socket.send(Self.greeting, descriptors: [queue, memory])
        }
    }

    func remove() { Self.remove(path) }

    static func remove(_ path: String) { unsafe unlinkat(pinfold_AT_FDCWD, path, 0) }

    // MARK: From outside

    /// The feed that a living view uses, or a new one; and the door to it, which has to be answered at soon, where one is asked for.
    ///
    /// - Parameters:
    ///   - path: where this process opens one; nil for none. Whoever calls this has the mountpoint's lock, so that one that is there is a dead daemon's.
    ///   - wanted: what is taken there. One that has no seats left is as good as none.
    static func enter(
        _ path: String?, _ wanted: FeedSeats.Wanted
    ) throws(Errno) -> (feed: ChangeFeed, seats: FeedSeats, door: FeedDoor?) {
        // What this process could not have by itself it does not take from others either: `pinfold doctor` says what holds.
        _ = try FilesystemMonitor()
        unsafe mkdir(MountRuntime.feeds, 0o700)
        let directory: Descriptor
        do throws(Errno) {
            directory = try Descriptor.open(MountRuntime.feeds, [.readOnly, .directory, .noFollow])
        } catch {
            // Nobody is met there: what is not shared is as right.
            let feed = try ChangeFeed()
            return (feed, try FeedSeats(feed, wanted), nil)
        }
        // Who starts at the same time finds this one's. Somebody who does not come to an end is not waited for: then there are two feeds.
        let deadline = SystemClock.monotonic + patience
        while pinfold_flock(directory.rawValue) != 0, SystemClock.monotonic < deadline { SystemThread.sleep(milliseconds: 2) }
        if let path { remove(path) }
        let (feed, seats): (ChangeFeed, FeedSeats)
        if let found = known(in: directory, wanted, until: deadline) {
            (feed, seats) = found
        } else {
            feed = try ChangeFeed()
            seats = try FeedSeats(feed, wanted)
        }
        guard let path, let listener = try? PacketSocket(listeningAt: path, waiting: 16) else { return (feed, seats, nil) }
        return (feed, seats, FeedDoor(listener, path, feed))
    }

    private static func known(
        in directory: borrowing Descriptor, _ wanted: FeedSeats.Wanted, until deadline: UInt64
    ) -> (ChangeFeed, FeedSeats)? {
        var names: [String] = []
        try? DirectoryReader().read(directory, from: 0) { entry throws(Errno) in
            if !entry.name.isDotOrDotDot { names.append(String(decoding: entry.name.array, as: UTF8.self)) }
            return true
        }
        for name in names {
            let path = "\(MountRuntime.feeds)/\(name)"
            do throws(Errno) {
                let feed = try ask(path, until: min(deadline, SystemClock.monotonic + patienceForOne))
                return (feed, try FeedSeats(feed, wanted))
            } catch {
                // A dead daemon's, which nobody opens again before this one lets go of the directory.
                if error == .connectionRefused { remove(path) }
            }
        }
        return nil
    }

    /// The feed of who answers at `path`.
    static func ask(_ path: String, until deadline: UInt64) throws(Errno) -> ChangeFeed {
        let socket = try PacketSocket(connectingTo: path)
        guard try socket.peer.userID == 0 else { throw .permissionDenied }
        var entry = pollfd(fd: socket.rawDescriptor, events: Int16(POLLIN), revents: 0)
        let now = SystemClock.monotonic
        _ = unsafe poll(&entry, 1, deadline > now ? Int32(clamping: (deadline - now) / 1_000_000 + 1) : 0)
        let (packet, numbers) = try socket.receiveWithDescriptors(atMost: 1024)
        let received = numbers.map { SharedDescriptor(Descriptor(owning: $0)) }
        guard packet == greeting, received.count == 2 else { throw .protocolError }
        let memory = try FeedMemory(adopting: received[1].descriptor.duplicate())
        return try ChangeFeed(FilesystemMonitor(adopting: received[0].descriptor.duplicate()), memory)
    }

    /// Nanoseconds for all that is waited for.
    private static let patience: UInt64 = 2_000_000_000
    /// For one who has opened, and is about to listen, or stands still.
    private static let patienceForOne: UInt64 = 500_000_000

    /// What is the same for those who may share one: the form of the memory, and the processes that numbers mean.
    private static let greeting: [UInt8] = {
        // Who cannot tell shares with nobody.
        let processes = (try? Descriptor.open("/proc/self/ns/pid", [.readOnly]).status().inode) ?? .random(in: .min ... .max)
        return Array("changes \(FeedMemory.version) \(processes)\n".utf8)
    }()
}
