/// The memory of one sixteenth of a plane's nodes, in pages of `KeptLayout.pageNodes`.
@safe struct KeptShard {
    private let memory: KeptMemory
    private let offset: Int
    /// All nodes that there may be. Those of a page that was given back or never had are zero, and a look at one takes memory.
    let nodes: UnsafeMutablePointer<Node>
    /// The generation that was handed out last.
    let generation: UnsafeMutablePointer<UInt32>
    /// Pages from this one on were never used.
    let pages: UnsafeMutablePointer<UInt32>

    init(memory: KeptMemory, offset: Int, generation: UnsafeMutablePointer<UInt32>, pages: UnsafeMutablePointer<UInt32>) {
        self.memory = memory
        self.offset = offset
        unsafe nodes = memory.bytes(at: offset).assumingMemoryBound(to: Node.self)
        unsafe self.generation = unsafe generation
        unsafe self.pages = unsafe pages
    }

    /// Gives a page's memory back: none of its nodes is live.
    func giveBack(page: Int) { memory.giveBack(offset + page * KeptLayout.pageBytes, KeptLayout.pageBytes) }

    /// The first page from `page` on that holds anything; nil where there is none.
    func nextUsed(from page: Int) -> Int? {
        let all = unsafe Int(pages.pointee)
        guard page < all, let found = memory.nextWritten(from: offset + page * KeptLayout.pageBytes) else { return nil }
        let index = (found - offset) / KeptLayout.pageBytes
        return index < all ? index : nil
    }
}
