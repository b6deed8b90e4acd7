internal import LinuxSystem

/// What somebody knows, so that changes of anything else need not be handed to him: a bit for each file by its handle, or for each name.
///
/// A bit that is set for another file costs a look, no more. None is ever taken back: a file that was known once may be again. What is known is read from the disk
/// **after** the bit was set: a change that comes later is reported later, and who hands that out finds the bit.
@safe struct InterestFilter: @unchecked Sendable {
    // @unchecked: words are touched by atomic operations alone.
    private let first: UnsafeMutableRawPointer
    private let mask: Int

    /// In bytes: 8 million bits for files, some thousand for names, which are few and asked for at each change of a name.
    static let (files, names) = (1 << 20, 1 << 10)

    /// - Parameter size: in bytes, a power of two.
    init(at place: UnsafeMutableRawPointer, size: Int) {
        unsafe first = unsafe place
        mask = size * 8 - 1
    }

    func add(_ file: FileHandle) { add(key: file.interest) }

    /// - Parameter key: `FileHandle.interest`, or `key` of a name.
    func add(key: UInt64) {
        let (word, bit) = place(key)
        word.set(bit)
    }

    func has(_ key: UInt64) -> Bool {
        let (word, bit) = place(key)
        return word.hint & bit != 0
    }

    private func place(_ key: UInt64) -> (SharedWord, UInt64) {
        let bit = Int(truncatingIfNeeded: key) & mask
        return unsafe (SharedWord(at: first + bit / 64 * 8), 1 << UInt64(bit % 64))
    }

    static func key(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        // FNV-1a.
        unsafe name.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

extension FileHandle {
    /// The number that filters know the file by, the same in all processes.
    var interest: UInt64 { NodeTable.hash(self, mount: 0, 0) }
}
