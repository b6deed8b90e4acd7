package import FuseSession
internal import LinuxSystem
package import SystemPackage
internal import ZonePolicy

/// Every file of one plane that the kernel knows, by number and by handle.
///
/// A number is a table index and a generation, never an address: a forged or late one finds nothing, and what does not is ESTALE. Sixteen
/// shards by the handle's hash, each with its own lock, held for one access to the table.
package final class NodeTable: Sendable {
    private let shards: [Lock<NodeShard>]
    private static let shardBits: UInt64 = 4
    private static let shardMask: UInt64 = 15
    /// Unknown to others, so that nobody can make files that all fall into one bucket.
    private let seed: UInt64
    private let rootHandle: FileHandle
    private let rootMount: UInt16
    /// Keeps the memory that the nodes are in.
    private let kept: KeptPlane
    /// Where it is said that changes of a file are to be reported; nil where nobody reports them.
    private let filter: InterestFilter?

    /// A table with `root` as `NodeID.root`, and with all that was kept of it.
    package convenience init(root: Node, _ kept: KeptPlane) { self.init(root: root, kept, filter: nil) }

    init(root: Node, _ kept: KeptPlane, filter: InterestFilter?) {
        self.kept = kept
        self.filter = filter
        filter?.add(root.handle)
        if !kept.isUsed { kept.seed = .random(in: .min ... .max) }
        let seed = kept.seed
        self.seed = seed
        shards = (0...Int(Self.shardMask)).map { Lock(NodeShard(kept.shard($0), seed: seed)) }
        // Shard 2, slot 0, generation 0 is number 2, the root's. The shard follows from the handle for all others, so the root is found by
        // handle in `find` by its own case.
        rootHandle = root.handle
        rootMount = root.mount
        if kept.isUsed {
            for shard in shards { shard.withLock { $0.adopt { filter?.add($0) } } }
            update(.root) { $0.place = root.place }
        } else {
            shards[Int(NodeID.root.rawValue)].withLock { $0.insertRoot(root, hash: hash(root.handle, mount: root.mount)) }
            settle()
            kept.use()
        }
    }

    // MARK: By number

    /// What is known of `id`; nil where it is forgotten or never was.
    @inline(__always)
    package func node(_ id: NodeID) -> Node? {
        shards[Self.shard(id)].withLock { shard in
            unsafe shard.pointer(slot: Self.slot(id), generation: Self.generation(id))?.pointee
        }
    }

    /// Changes what is known of `id`. Nothing but the table is touched in `body`.
    func update(_ id: NodeID, _ body: (inout Node) -> Void) {
        shards[Self.shard(id)].withLock { shard in
            guard let node = unsafe shard.pointer(slot: Self.slot(id), generation: Self.generation(id)) else { return }
            unsafe body(&node.pointee)
        }
    }

    /// Takes `lookups` off the count; answers the node where that was the last, and the number means nothing from here on.
    package func forget(_ id: NodeID, lookups: UInt64) -> Node? {
        shards[Self.shard(id)].withLock { shard in
            guard let node = unsafe shard.pointer(slot: Self.slot(id), generation: Self.generation(id)) else { return nil }
            let count = unsafe node.pointee.lookups
            // A count that reached its highest value has lost track and stays.
            guard count != .max else { return nil }
            guard lookups >= UInt64(count) else {
                unsafe node.pointee.lookups = count - UInt32(lookups)
                return nil
            }
            let last = unsafe node.pointee
            shard.remove(slot: UInt32(Self.slot(id)), hash: hash(last.handle, mount: last.mount))
            return last
        }
    }

    // MARK: By handle

    /// The number of the file, new or known, with one lookup more. A known one takes over `node`'s place and name.
    ///
    /// - Parameters:
    ///   - node: gets the flags of the known one as well.
    ///   - keepingStricter: the file has several names: of the known place and the new one the stricter holds.
    package func enter(_ node: inout Node, keepingStricter: Bool) throws(Errno) -> NodeID {
        if node.handle == rootHandle, node.mount == rootMount { return .root }
        let hash = hash(node.handle, mount: node.mount)
        let index = Int(hash & Self.shardMask)
        let result: (slot: UInt32, generation: UInt32)? = shards[index].withLock { shard in
            if let known = unsafe shard.find(node.handle, mount: node.mount, hash: hash) {
                let keepsPlace = unsafe keepingStricter && !known.node.pointee.flags.contains(.unplaced)
                let place = unsafe keepsPlace ? known.node.pointee.place.stricter(than: node.place) : node.place
                unsafe known.node.pointee.place = place
                unsafe known.node.pointee.epoch = node.epoch
                unsafe known.node.pointee.nameKey = node.nameKey
                unsafe known.node.pointee.flags.remove([.adrift, .gone, .unplaced, .unproved])
                unsafe known.node.pointee.flags.formUnion(node.flags)
                unsafe node.flags = known.node.pointee.flags
                if unsafe known.node.pointee.lookups != .max { unsafe known.node.pointee.lookups += 1 }
                return unsafe (known.slot, known.node.pointee.generation)
            }
            filter?.add(node.handle)
            return shard.insert(node, hash: hash)
        }
        guard let result else { throw .noMemory }
        return Self.id(shard: index, slot: result.slot, generation: result.generation)
    }

    /// The number of the file of `handle` on `mount`, if the kernel knows it; the count stays as it is.
    package func find(_ handle: FileHandle, mount: UInt16) -> NodeID? {
        if handle == rootHandle, mount == rootMount { return .root }
        let hash = hash(handle, mount: mount)
        let index = Int(hash & Self.shardMask)
        return shards[index].withLock { shard in
            guard let known = unsafe shard.find(handle, mount: mount, hash: hash) else { return nil }
            return unsafe Self.id(shard: index, slot: known.slot, generation: known.node.pointee.generation)
        }
    }

    /// How many files are known.
    package var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }

    /// The numbers of all files that are known, at some moment.
    package var all: [NodeID] {
        shards.indices.flatMap { index in
            shards[index].withLock { shard in shard.live.map { Self.id(shard: index, slot: $0.slot, generation: $0.generation) } }
        }
    }

    // MARK: Numbers

    private static func id(shard: Int, slot: UInt32, generation: UInt32) -> NodeID {
        NodeID(rawValue: UInt64(generation) << 32 | UInt64(slot) << shardBits | UInt64(shard))
    }
    @inline(__always)
    private static func shard(_ id: NodeID) -> Int { Int(id.rawValue & shardMask) }
    @inline(__always)
    private static func slot(_ id: NodeID) -> Int { Int((id.rawValue & 0xffff_ffff) >> shardBits) }
    @inline(__always)
    private static func generation(_ id: NodeID) -> UInt32 { UInt32(id.rawValue >> 32) }

    /// Which shard the file is in, whoever looks.
    static func shard(of handle: FileHandle, mount: UInt16, _ seed: UInt64) -> Int {
        Int(hash(handle, mount: mount, seed) & shardMask)
    }

    @inline(__always)
    private func hash(_ handle: FileHandle, mount: UInt16) -> UInt64 { Self.hash(handle, mount: mount, seed) }

    @inline(__always)
    static func hash(_ handle: FileHandle, mount: UInt16, _ seed: UInt64) -> UInt64 {
        var value = seed ^ UInt64(mount)
        value = mix(value ^ handle.words.0)
        value = mix(value ^ handle.words.1)
        if handle.length > 16 { value = mix(mix(value ^ handle.words.2) ^ handle.words.3) }
        return value
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ value >> 33
    }
}
