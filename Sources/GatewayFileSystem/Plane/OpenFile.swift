internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// An inode that the agent has open, however many times: one backing file in the kernel, one descriptor here.
final class OpenFile: Sendable {
    /// Keeps the inode in the kernel while it has no name any more; nil where the kernel has no such files.
    private let backing: BackingFile?
    private let isPassedThrough: Bool
    /// What the kernel reads and writes by itself; nil where this daemon does.
    var passedThrough: BackingFile? { isPassedThrough ? backing : nil }
    /// Keeps the inode too. nil where too many are open already: then the backing file does, and the file is opened again as it is needed.
    let location: SharedDescriptor?
    /// The disk's number of it, by which a zone with a quota counts; 0 in others.
    let inode: UInt64
    /// Who opened it first.
    let user: UInt32
    private let writer = Lock<SharedDescriptor?>(nil)

    init(
        backing: BackingFile?, isPassedThrough: Bool, location: SharedDescriptor?, inode: UInt64 = 0, user: UInt32,
        writer: SharedDescriptor? = nil
    ) {
        self.backing = backing
        self.isPassedThrough = isPassedThrough
        self.location = location
        self.inode = inode
        self.user = user
        self.writer.withLock { $0 = writer }
    }

    /// A descriptor for reading and writing, made at the first need and kept while the file is open; where the file itself has none, as long as
    /// `cache` keeps it, or who opens very many files would have that many descriptors all the same.
    func writing(
        _ cache: RecentlyUsed<SharedDescriptor>, _ id: NodeID, _ make: () throws(Errno) -> Descriptor
    ) throws(Errno) -> SharedDescriptor {
        if let known = location == nil ? cache.find(id.rawValue) : writer.withLock({ $0 }) { return known }
        let made = SharedDescriptor(try make())
        if location == nil {
            cache.keep(made, id.rawValue)
            return made
        }
        return writer.withLock { kept in
            if let known = kept { return known }
            kept = made
            return made
        }
    }
}

/// The inodes that are open, with how many opens each has.
final class OpenFiles: Sendable {
    private struct Counted {
        let file: OpenFile
        var opens: Int
    }
    private let pins = Atomic<Int>(0)
    /// How many of them a descriptor of this process holds open.
    var pinned: Int { pins.load(ordering: .relaxed) }
    private let pinsOfUsers = Lock<[UInt32: Int]>([:])
    /// How many of those `user` opened first.
    func pinned(by user: UInt32) -> Int { pinsOfUsers.withLock { $0[user] ?? 0 } }

    private func pin(_ file: OpenFile, _ change: Int) {
        guard file.location != nil else { return }
        pins.wrappingAdd(change, ordering: .relaxed)
        pinsOfUsers.withLock { users in
            let count = (users[file.user] ?? 0) + change
            users[file.user] = count == 0 ? nil : count
        }
    }

    private let shards: [Lock<[NodeID: Counted]>] = (0..<16).map { _ in Lock([:]) }

    @inline(__always)
    private func shard(_ id: NodeID) -> Lock<[NodeID: Counted]> { shards[Int(id.rawValue & 15)] }

    @inline(__always)
    func find(_ id: NodeID) -> OpenFile? { shard(id).withLock { $0.isEmpty ? nil : $0[id]?.file } }

    /// One open more of what is open already.
    func again(_ id: NodeID) -> OpenFile? {
        shard(id).withLock { files in
            files[id]?.opens += 1
            return files[id]?.file
        }
    }

    /// Counts an open; answers the file that was there first, should two have been opened at the same time.
    func first(_ id: NodeID, _ file: OpenFile) -> OpenFile {
        shard(id).withLock { files in
            if let known = files[id]?.file {
                files[id]?.opens += 1
                return known
            }
            files[id] = Counted(file: file, opens: 1)
            pin(file, 1)
            return file
        }
    }

    /// Takes one open back; answers the file where it was the last.
    func release(_ id: NodeID) -> OpenFile? {
        shard(id).withLock { files in
            guard var counted = files[id] else { return nil }
            counted.opens -= 1
            if counted.opens == 0 {
                files[id] = nil
                pin(counted.file, -1)
                return counted.file
            }
            files[id] = counted
            return nil
        }
    }

    var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }
}
