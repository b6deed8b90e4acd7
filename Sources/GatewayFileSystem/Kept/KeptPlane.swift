package import FuseSession
internal import LinuxSystem

/// What has to outlive a daemon of one plane.
@safe package final class KeptPlane: @unchecked Sendable {
    // @unchecked: each part has one owner, which has a lock of its own; the words here are written before a plane serves.
    private let memory: KeptMemory
    private let start: Int
    private let words: UnsafeMutablePointer<UInt64>
    private let mounts: UnsafeMutablePointer<KeptMount>
    let opens: Lock<KeptRows<KeptOpen>>
    /// Where files without handles were found.
    let paths: KeptRows<KeptPath>
    /// The session's part, to be handed on with its options.
    package let session: SessionMemory

    private static let isUsedWord = 0
    private static let seedWord = 1
    private static let greetingSizeWord = 2
    /// Two numbers a shard, of 32 bits: the last generation, and how many pages it ever had.
    private static let shardsWord = 16
    private static let greetingWord = 64
    private static let greetingCapacity = 256

    init(_ memory: KeptMemory, _ index: Int) {
        self.memory = memory
        start = KeptLayout.page + index * KeptLayout.planeBytes
        unsafe words = memory.words(at: start)
        unsafe mounts = memory.bytes(at: start + KeptLayout.mounts).assumingMemoryBound(to: KeptMount.self)
        opens = unsafe Lock(KeptRows(memory.bytes(at: start + KeptLayout.opens), capacity: KeptLayout.openCapacity))
        paths = unsafe KeptRows(memory.bytes(at: start + KeptLayout.paths), capacity: KeptLayout.pathCapacity)
        session = unsafe SessionMemory(
            once: OnceRing(memory.bytes(at: start + KeptLayout.once)),
            backings: BackingRecords(memory.bytes(at: start + KeptLayout.backings)), owner: memory)
    }

    /// Whether a daemon has served with it: then what is there goes on.
    package var isUsed: Bool { unsafe words[Self.isUsedWord] != 0 }

    /// From here on there is something to go on with. The table is complete, and the kernel knows nothing yet.
    func use() { unsafe words[Self.isUsedWord] = 1 }

    /// What the nodes' shards are found by.
    var seed: UInt64 {
        get { unsafe words[Self.seedWord] }
        set { unsafe words[Self.seedWord] = newValue }
    }

    /// The message by which the kernel began to talk (FUSE_INIT), as it came; empty where none was kept.
    package var greeting: [UInt8] {
        get {
            let count = unsafe Int(min(words[Self.greetingSizeWord], UInt64(Self.greetingCapacity)))
            return unsafe Array(UnsafeRawBufferPointer(start: words + Self.greetingWord, count: count))
        }
        set {
            guard newValue.count <= Self.greetingCapacity else { return }
            unsafe newValue.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(start: words + Self.greetingWord, count: Self.greetingCapacity).copyMemory(
                    from: bytes)
            }
            settle()
            unsafe words[Self.greetingSizeWord] = UInt64(newValue.count)
        }
    }

    // MARK: Mounts

    /// The mounts of the source that are known, by index: rows are added and stay.
    var knownMounts: [KeptMount] {
        var known: [KeptMount] = []
        while known.count < KeptLayout.mountCapacity, unsafe mounts[known.count].number != 0 {
            unsafe known.append(mounts[known.count])
        }
        return known
    }

    func add(_ mount: KeptMount, at index: Int) {
        var row = mount
        row.number = 0
        unsafe mounts[index] = row
        settle()
        unsafe mounts[index].number = mount.number
        settle()
    }

    // MARK: Nodes

    func shard(_ index: Int) -> KeptShard {
        let offset = start + KeptLayout.nodes + index * KeptLayout.shardBytes
        let numbers = unsafe UnsafeMutableRawPointer(words + Self.shardsWord + index).assumingMemoryBound(to: UInt32.self)
        return unsafe KeptShard(memory: memory, offset: offset, generation: numbers, pages: numbers + 1)
    }

    /// The handle of the directory that is served.
    var rootHandle: FileHandle { unsafe shard(Int(NodeID.root.rawValue)).nodes.pointee.handle }

    /// How many rows of open files the next server has to go through.
    var openRows: Int { opens.withLock { $0.count } }

    // MARK: Descriptors

    func forEachDescriptor(_ body: (Int32) -> Void) {
        for mount in knownMounts where mount.anchor >= 0 { body(mount.anchor) }
        opens.withLock { rows in
            for row in 0..<rows.count where rows[row].opens > 0 {
                for descriptor in [rows[row].location, rows[row].writer] where descriptor >= 0 { body(descriptor) }
            }
        }
    }
}
