internal import CLinux

/// One sixteenth of the node table: nodes in pages that never move, found by number or by handle. Used under its lock alone.
///
/// Pages are mapped and unmapped one by one, so that a million forgotten files leave nothing behind; the generation goes on all the same,
/// so a number that was handed out never means another file.
@safe struct NodeShard {
    static let pageNodes = 1024
    private static let pageBytes = pageNodes * MemoryLayout<Node>.stride
    private static let none = UInt32.max

    @safe private struct Page {
        var nodes: UnsafeMutablePointer<Node>?
        var free: UInt32
        var live: Int32
    }

    private var pages: [Page] = []
    /// No page before this one has a free node.
    private var firstOpenPage = 0
    private var buckets: [UInt32] = Array(repeating: none, count: 64)
    private(set) var count = 0
    private var generation: UInt32 = 0

    // MARK: Access by slot

    /// The live node in `slot`, if `generation` is its own.
    @inline(__always)
    func pointer(slot: Int, generation: UInt32) -> UnsafeMutablePointer<Node>? {
        let page = slot / Self.pageNodes
        guard page < pages.count, let nodes = unsafe pages[page].nodes else { return nil }
        let node = unsafe nodes + slot % Self.pageNodes
        guard unsafe node.pointee.lookups > 0, unsafe node.pointee.generation == generation else { return nil }
        return unsafe node
    }

    private func pointer(_ slot: UInt32) -> UnsafeMutablePointer<Node> {
        // Slots in buckets and chains are live, so their page is there.
        unsafe pages[Int(slot) / Self.pageNodes].nodes.unsafelyUnwrapped + Int(slot) % Self.pageNodes
    }

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
        if count >= buckets.count { resize(to: buckets.count * 2) }
        // 0 is the root's alone; the highest bit stays clear, the kernel shows ids in signed numbers here and there.
        generation = generation & 0x7fff_ffff == 0x7fff_ffff ? 1 : generation + 1
        let element = unsafe pointer(slot)
        unsafe element.initialize(to: node)
        unsafe element.pointee.lookups = lookups
        unsafe element.pointee.generation = generation
        let bucket = bucket(hash)
        unsafe element.pointee.next = buckets[bucket]
        buckets[bucket] = slot
        count += 1
        return (slot, generation)
    }

    /// Puts the plane's root into slot 0 of an empty shard, with generation 0; it is never forgotten.
    mutating func insertRoot(_ node: Node, hash: UInt64) {
        generation = 0
        guard let made = insert(node, hash: hash, lookups: .max) else { fatalError("out of memory for the root") }
        unsafe pointer(made.slot).pointee.generation = 0
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
        if previous == Self.none {
            buckets[bucket] = unsafe node.pointee.next
        } else {
            unsafe pointer(previous).pointee.next = node.pointee.next
        }
        unsafe node.pointee.lookups = 0
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
            if unsafe pages[index].nodes == nil {
                guard map(&pages[index]) else { return nil }
            }
            let free = pages[index].free
            if free != Self.none {
                let node = unsafe pages[index].nodes.unsafelyUnwrapped + Int(free)
                pages[index].free = unsafe node.pointee.next
                pages[index].live += 1
                return UInt32(index * Self.pageNodes) + free
            }
            firstOpenPage += 1
        }
        // 28 bits of slot, four of shard.
        guard pages.count < (1 << 28) / Self.pageNodes else { return nil }
        unsafe pages.append(Page(nodes: nil, free: Self.none, live: 0))
        return takeFree()
    }

    private mutating func giveBack(_ slot: UInt32) {
        let index = Int(slot) / Self.pageNodes
        pages[index].live -= 1
        if pages[index].live == 0, index > 0 {
            unsafe munmap(pages[index].nodes, Self.pageBytes)
            unsafe pages[index].nodes = nil
        } else {
            unsafe pointer(slot).pointee.next = pages[index].free
            pages[index].free = slot % UInt32(Self.pageNodes)
        }
        firstOpenPage = min(firstOpenPage, index)
    }

    private func map(_ page: inout Page) -> Bool {
        guard let memory = unsafe mmap(nil, Self.pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            Int(bitPattern: memory) != -1
        else { return false }
        let nodes = unsafe memory.bindMemory(to: Node.self, capacity: Self.pageNodes)
        for index in 0..<Self.pageNodes {
            unsafe nodes[index].lookups = 0
            unsafe nodes[index].next = index + 1 < Self.pageNodes ? UInt32(index + 1) : Self.none
        }
        unsafe page.nodes = unsafe nodes
        page.free = 0
        page.live = 0
        return true
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
                let bucket = bucket(unsafe NodeTable.hash(node.pointee.handle, mount: node.pointee.mount))
                unsafe node.pointee.next = buckets[bucket]
                buckets[bucket] = slot
                slot = next
            }
        }
    }
}
