internal import ZonePolicy

extension NodeShard {
    /// Finds the nodes that a predecessor left, which `check` has been through, by handle and by slot.
    ///
    /// What names were counted by is another process's (`Links.key`), and so are the patterns that places tell of. Which rules hold for a directory is worked out
    /// anew, as after a move.
    /// - Parameter found: called with each one's handle.
    mutating func adopt(_ found: (FileHandle) -> Void) {
        pages = Array(repeating: Page(), count: unsafe Int(kept.pages.pointee))
        firstOpenPage = 0
        var next = kept.nextUsed(from: 0)
        while let index = next {
            adopt(page: index, found)
            next = kept.nextUsed(from: index + 1)
        }
    }

    private mutating func adopt(page index: Int, _ found: (FileHandle) -> Void) {
        let first = index * Self.pageNodes
        var page = Page(isUsed: true, fresh: UInt32(Self.pageNodes))
        var live: [UInt32] = []
        for slot in (first..<first + Self.pageNodes).reversed() {
            let node = unsafe kept.nodes + slot
            if unsafe node.pointee.lookups > 0 {
                live.append(UInt32(slot))
                page.live += 1
            } else {
                unsafe node.pointee.next = page.free
                page.free = UInt32(slot - first)
            }
        }
        if page.live == 0, index > 0 {
            kept.giveBack(page: index)
            page = Page()
        }
        pages[index] = page
        for slot in live {
            let node = unsafe kept.nodes + Int(slot)
            unsafe node.pointee.nameKey = 0
            unsafe node.pointee.epoch = 0
            unsafe node.pointee.place = unsafe node.pointee.place.ofNoPolicy
            unsafe node.pointee.flags.remove(.unplaced)
            unsafe found(node.pointee.handle)
            link(slot, NodeTable.hash(unsafe node.pointee.handle, mount: unsafe node.pointee.mount, seed))
        }
    }
}
