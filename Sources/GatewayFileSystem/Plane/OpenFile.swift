internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// An inode that the agent has open, however many times: one backing file in the kernel, one descriptor here.
final class OpenFile: Sendable {
    /// What the kernel reads and writes by itself; nil where this daemon does.
    let backing: BackingID?
    /// Keeps the inode while it has no name any more. nil where too many are open already: then the backing file does.
    let place: SharedDescriptor?
    private let writer = Lock<SharedDescriptor?>(nil)

    init(backing: BackingID?, place: SharedDescriptor?, writer: SharedDescriptor? = nil) {
        self.backing = backing
        self.place = place
        self.writer.withLock { $0 = writer }
    }

    /// A descriptor for reading and writing, made at the first need and kept while the file is open; for the moment alone where too many are open.
    func writing(_ make: () throws(Errno) -> Descriptor) throws(Errno) -> SharedDescriptor {
        if let known = writer.withLock({ $0 }) { return known }
        let made = SharedDescriptor(try make())
        if place == nil { return made }
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
            if file.place != nil { pins.wrappingAdd(1, ordering: .relaxed) }
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
                if counted.file.place != nil { pins.wrappingSubtract(1, ordering: .relaxed) }
                return counted.file
            }
            files[id] = counted
            return nil
        }
    }

    var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }
}
