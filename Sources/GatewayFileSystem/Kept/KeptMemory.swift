internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Memory that is the kernel's as soon as it is written: whoever has the descriptor finds it as it was at the moment that its writer ended,
/// however that was.
///
/// A writer that is killed has done a first part of what its program says, each store whole. So what is written in several stores becomes valid
/// with the last of them, behind `settle`, and stops being so with the first.
@safe final class KeptMemory: @unchecked Sendable {
    // @unchecked: each part has one owner, which writes it under its own lock.
    private let base: UnsafeMutableRawPointer
    let size: Int
    private let file: Descriptor
    var rawDescriptor: Int32 { file.rawValue }
    func withDescriptor<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing Descriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result { try body(file) }

    /// New memory, all zero.
    convenience init(size: Int, name: String = "pinfold-state") throws(Errno) {
        // Sealed in its size: nobody makes it shorter below who has it mapped.
        let file = Descriptor(owning: try check { unsafe pinfold_memfd_create_sealed(name, Int64(size)) })
        try self.init(file, size: size)
    }

    init(_ file: consuming Descriptor, size: Int) throws(Errno) {
        let raw = file.rawValue
        guard let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, raw, 0),
            Int(bitPattern: mapped) != -1
        else { throw .current }
        unsafe base = unsafe mapped
        self.size = size
        self.file = file
    }

    deinit { unsafe munmap(base, size) }

    /// Memory from `offset` on, as long as this lives.
    func bytes(at offset: Int) -> UnsafeMutableRawPointer { unsafe base + offset }

    func words(at offset: Int) -> UnsafeMutablePointer<UInt64> { unsafe (base + offset).assumingMemoryBound(to: UInt64.self) }

    /// Gives whole pages back to the kernel (`man 2 madvise`, MADV_REMOVE): they are zero from then on. Without the memory for that, they stay as they are.
    func giveBack(_ offset: Int, _ count: Int) { unsafe madvise(base + offset, count, pinfold_MADV_REMOVE) }

    /// Where the next bytes from `offset` on are that were ever written and not given back, as the kernel keeps them, in pages; nil where there are none.
    func nextWritten(from offset: Int) -> Int? {
        let raw = file.rawValue
        let found = lseek(raw, off_t(offset), pinfold_SEEK_DATA)
        return found == -1 ? nil : Int(found)
    }
}
