internal import FuseSession

/// One sixteenth of the node table: nodes in pages that never move, found by number or by handle. Used under its lock alone.
///
/// The nodes lie in memory that outlives this process; how they are found by handle, and which slots are free, is worked out anew from them.
/// A node is live while its `lookups` is not 0, which is written last and taken back first. Pages are given back one by one, so that a million
/// forgotten files leave nothing behind; the generation goes on all the same, so a number that was handed out never means another file.
@safe struct NodeShard {
    static let pageNodes = KeptLayout.pageNodes
    static let none = UInt32.max

    struct Page {
        var isUsed = false
        /// The first of those that were used and are free.
        var free = NodeShard.none
        /// No slot from this one on was used since the page was.
        var fresh: UInt32 = 0
        var live: Int32 = 0
    }

    let kept: KeptShard
    let seed: UInt64
    var pages: [Page] = []
    /// No page before this one has a free node.
    var firstOpenPage = 0
    private var buckets: [UInt32] = Array(repeating: none, count: 64)
    private(set) var count = 0

    /// - Parameter seed: what handles are hashed with.
    init(_ kept: KeptShard, seed: UInt64) {
        self.kept = kept
        self.seed = seed
    }

    // MARK: Access by slot

    /// The live node in `slot`, if `generation` is its own.
    @inline(__always)
    func pointer(slot: Int, generation: UInt32) -> UnsafeMutablePointer<Node>? {
        let page = slot / Self.pageNodes
        guard page < pages.count, pages[page].isUsed else { return nil }
        let node = unsafe kept.nodes + slot
        guard unsafe node.pointee.lookups > 0, unsafe node.pointee.generation == generation else { return nil }
        return unsafe node
    }

    /// Slots in buckets and chains are live, so their page is there.
    private func pointer(_ slot: UInt32) -> UnsafeMutablePointer<Node> { unsafe kept.nodes + Int(slot) }

    // MARK: Access by handle

    /// The live node of `handle` on `mount`.
    @inline(__always)
    func find(_ handle: FileHandle, mount: UInt16, hash: UInt64) -> (slot: UInt32, node: UnsafeMutablePointer<Node>)? {
        var slot = buckets[bucket(hash)]
        while slot != Self.none {
            let node = unsafe pointer(slot)
            if unsafe node.pointee.mount == mount, unsafe node.pointee.handle == handle { return unsafe (slot, node) }
            slot = unsafe node.pointee.next
        }
        return nil
    }

    /// Adds `node` with one lookup and answers its slot and generation; nil where memory is out.
    mutating func insert(_ node: Node, hash: UInt64, lookups: UInt32 = 1) -> (slot: UInt32, generation: UInt32)? {
        guard let slot = takeFree() else { return nil }
        // 0 is the root's alone; the highest bit stays clear, the kernel shows ids in signed numbers here and there. Written before it is handed out.
        let last = unsafe kept.generation.pointee
        let generation = last & 0x7fff_ffff == 0x7fff_ffff ? 1 : last + 1
        unsafe kept.generation.pointee = generation
        write(node, slot, generation: generation, lookups: lookups)
        link(slot, hash)
        return (slot, generation)
    }

    /// Puts the plane's root into slot 0 of an empty shard, with generation 0; it is never forgotten.
    mutating func insertRoot(_ node: Node, hash: UInt64) {
        guard let slot = takeFree() else { fatalError("no room for the root") }
        write(node, slot, generation: 0, lookups: .max)
        link(slot, hash)
    }

    private func write(_ node: Node, _ slot: UInt32, generation: UInt32, lookups: UInt32) {
        var node = node
        node.generation = generation
        node.lookups = 0
        unsafe pointer(slot).initialize(to: node)
        settle()
        unsafe pointer(slot).pointee.lookups = lookups
        settle()
    }

    /// Makes the live node in `slot` be found by its handle.
    mutating func link(_ slot: UInt32, _ hash: UInt64) {
        if count >= buckets.count { resize(to: buckets.count * 2) }
        let bucket = bucket(hash)
        unsafe pointer(slot).pointee.next = buckets[bucket]
        buckets[bucket] = slot
        count += 1
    }

    mutating func remove(slot: UInt32, hash: UInt64) {
        let bucket = bucket(hash)
        var previous = Self.none
        var at = buckets[bucket]
        while at != slot, at != Self.none {
            previous = at
            at = unsafe pointer(at).pointee.next
        }
        guard at == slot else { return }
        let node = unsafe pointer(slot)
        unsafe node.pointee.lookups = 0
        settle()
        if previous == Self.none {
            buckets[bucket] = unsafe node.pointee.next
        } else {
            unsafe pointer(previous).pointee.next = node.pointee.next
        }
        count -= 1
        giveBack(slot)
        if buckets.count > 64, count < buckets.count / 8 { resize(to: buckets.count / 4) }
    }

    /// The nodes that are not free.
    var live: [(slot: UInt32, generation: UInt32)] {
        var live: [(slot: UInt32, generation: UInt32)] = []
        live.reserveCapacity(count)
        for first in buckets {
            var slot = first
            while slot != Self.none {
                let node = unsafe pointer(slot)
                live.append((slot, unsafe node.pointee.generation))
                slot = unsafe node.pointee.next
            }
        }
        return live
    }

    // MARK: Memory

    private mutating func takeFree() -> UInt32? {
        while firstOpenPage < pages.count {
            let index = firstOpenPage
            if !pages[index].isUsed { pages[index] = Page(isUsed: true) }
            let slot = UInt32(index * Self.pageNodes)
            if pages[index].free != Self.none {
                let free = pages[index].free
                pages[index].free = unsafe pointer(slot + free).pointee.next
                pages[index].live += 1
                return slot + free
            }
            if pages[index].fresh < Self.pageNodes {
                pages[index].fresh += 1
                pages[index].live += 1
                return slot + pages[index].fresh - 1
            }
            firstOpenPage += 1
        }
        guard pages.count < KeptLayout.shardPages else { return nil }
        pages.append(Page())
        // Before a node of it is written, or nobody would look at it.
        unsafe kept.pages.pointee = UInt32(pages.count)
        return takeFree()
    }

    private mutating func giveBack(_ slot: UInt32) {
        let index = Int(slot) / Self.pageNodes
        pages[index].live -= 1
        if pages[index].live == 0, index > 0 {
            pages[index].isUsed = false
            kept.giveBack(page: index)
        } else {
            unsafe pointer(slot).pointee.next = pages[index].free
            pages[index].free = slot % UInt32(Self.pageNodes)
        }
        firstOpenPage = min(firstOpenPage, index)
    }

    private func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 8) & (buckets.count - 1) }

    private mutating func resize(to size: Int) {
        let old = buckets
        buckets = Array(repeating: Self.none, count: size)
        for first in old {
            var slot = first
            while slot != Self.none {
                let node = unsafe pointer(slot)
                let next = unsafe node.pointee.next
                let bucket = bucket(unsafe NodeTable.hash(node.pointee.handle, mount: node.pointee.mount, seed))
                unsafe node.pointee.next = buckets[bucket]
                buckets[bucket] = slot
                slot = next
            }
        }
    }
}
