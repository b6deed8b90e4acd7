internal import LinuxSystem

/// A ring of bytes with one writer and one reader, who may be of different processes and end at any moment: what was not `publish`ed was not written, and what was not
/// `clear`ed is there still.
@safe struct FeedRing: @unchecked Sendable {
    // @unchecked: between `head` and `tail` the reader's, the rest the writer's.
    private let memory: KeptMemory
    private let offset: Int
    private let size: Int
    /// How many bytes were ever put in, and worked through.
    private let tail: SharedWord
    private let head: SharedWord

    init(_ memory: KeptMemory, at offset: Int, size: Int, tail: SharedWord, head: SharedWord) {
        (self.memory, self.offset, self.size, self.tail, self.head) = (memory, offset, size, tail, head)
    }

    private var bytes: UnsafeMutableRawPointer { unsafe memory.bytes(at: offset) }

    /// How many bytes may wait: less than there are, since what is given back is zeroed after it is free.
    var capacity: UInt64 { UInt64(size) - 4 * Self.block }

    /// How many bytes were put in.
    var end: UInt64 { tail.value }
    /// How many are worked through.
    var start: UInt64 { head.value }

    /// Puts `added` in at `end`, where nobody sees it before `publish`.
    ///
    /// - Returns: the new end; nil where more than `limit` bytes would wait.
    func put(_ added: UnsafeRawBufferPointer, at end: UInt64, limit: UInt64) -> UInt64? {
        let waiting = end &- head.value
        guard let base = added.baseAddress, waiting <= limit, UInt64(added.count) <= limit - waiting else { return nil }
        let place = Int(end % UInt64(size))
        let first = min(added.count, size - place)
        unsafe (bytes + place).copyMemory(from: base, byteCount: first)
        unsafe bytes.copyMemory(from: base + first, byteCount: added.count - first)
        return end &+ UInt64(added.count)
    }

    func publish(_ end: UInt64) { tail.value = end }

    /// Copies what waits behind `taken` into `room`.
    ///
    /// - Returns: how many bytes; nil where the words make no sense, since others write there, too.
    func copy(after taken: UInt64, into room: UnsafeMutableRawBufferPointer) -> Int? {
        let waiting = tail.value &- taken
        guard waiting <= UInt64(size) else { return nil }
        let count = min(Int(waiting), room.count)
        guard count > 0, let base = room.baseAddress else { return 0 }
        let place = Int(taken % UInt64(size))
        let first = min(count, size - place)
        unsafe base.copyMemory(from: bytes + place, byteCount: first)
        unsafe (base + first).copyMemory(from: bytes, byteCount: count - first)
        return count
    }

    /// All before `taken` is worked through; its memory is the kernel's again, in whole blocks.
    func clear(until taken: UInt64) {
        let blocks = UInt64(size) / Self.block
        var old = head.value
        guard taken &- old <= UInt64(size) else {
            // Words that others have written, or the beginning.
            head.value = taken
            return
        }
        // In steps: the writer may have what is free at once, and must not come around to what is yet to be zeroed.
        while old != taken {
            let next = min(taken &- old, 2 * Self.block) &+ old
            head.value = next
            var block = old / Self.block
            while block != next / Self.block {
                memory.giveBack(offset + Int(block % blocks * Self.block), Int(Self.block))
                block += 1
            }
            old = next
        }
    }

    /// Nothing of what waits is anybody's.
    func skip() { clear(until: tail.value) }

    private static let block: UInt64 = 1 << 20
}
