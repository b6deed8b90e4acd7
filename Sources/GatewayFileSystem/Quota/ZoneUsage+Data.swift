internal import CLinux
internal import LinuxSystem
internal import SystemPackage

// What is written into open files, which have accounts.
extension ZoneUsage {
    /// Writes, and less than asked for where no more fits; `whole` for what must be written as it is or not at all.
    func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int64, to file: borrowing Descriptor, _ inode: UInt64, whole: Bool
    ) throws(Errno) -> Int {
        let (length, reservation) = try grant(offset, Int64(bytes.count), file, inode, whole: whole)
        defer { settle(inode, file, reservation, isHeld: false) }
        return try unsafe file.writeWhole(UnsafeRawBufferPointer(rebasing: bytes[..<Int(length)]), at: offset)
    }

    /// Copies, and less than asked for where no more fits, or where it is very much: the caller goes on.
    func copy(
        from source: borrowing Descriptor, _ offset: Int64, to file: borrowing Descriptor, _ targetOffset: Int64, _ inode: UInt64,
        length: Int
    ) throws(Errno) -> Int {
        let there = max(Int64(clamping: try source.status().size) - offset, 0)
        let wanted = min(Int64(clamping: length), there, Self.copiedAtOnce)
        guard wanted > 0 else { return 0 }
        let (length, reservation) = try grant(targetOffset, wanted, file, inode, whole: false)
        defer { settle(inode, file, reservation, isHeld: false) }
        return try source.copyRange(from: offset, to: file, targetOffset, length: Int(length))
    }

    private static let copiedAtOnce: Int64 = 8 << 20

    /// See `man 2 fallocate`.
    func allocate(
        mode: Int32, offset: Int64, length: Int64, _ file: borrowing Descriptor, _ inode: UInt64
    ) throws(Errno) {
        var reservation = Reservation()
        // FALLOC_FL_PUNCH_HOLE 2, COLLAPSE_RANGE 8, INSERT_RANGE 32 set nothing aside.
        if mode & (2 | 8 | 32) == 0, offset >= 0, length > 0 {
            // FALLOC_FL_ZERO_RANGE takes apart what is there: it may take more to find its parts again, also where the range needs nothing.
            let parts = mode & 16 != 0 ? Self.plainBlocks * block : 0
            let wanted = span(offset, length)
            if let taken = take(wanted) {
                reservation = taken
            } else {
                let start = offset - offset % block
                let missing = max(wanted - file.allocatedBytes(from: start, wanted), 0)
                reservation = try reserve(max(missing, parts), mayOverdraw: missing == 0)
            }
        }
        defer { settle(inode, file, reservation, isHeld: false) }
        try file.allocate(mode: mode, offset: offset, length: length)
    }

    // MARK: How much may be written

    /// What the blocks that the range touches take.
    private func span(_ offset: Int64, _ length: Int64) -> Int64 {
        let end = offset.addingReportingOverflow(length)
        let last = end.overflow ? Int64.max - block : min(end.partialValue, .max - block)
        return (last + block - 1) / block * block - offset / block * block
    }

    /// How much of the range may be written now, and what is set aside for it.
    private func grant(
        _ offset: Int64, _ length: Int64, _ file: borrowing Descriptor, _ inode: UInt64, whole: Bool
    ) throws(Errno) -> (length: Int64, Reservation) {
        guard length > 0 else { return (0, Reservation()) }
        let full = span(offset, length)
        if let taken = take(full, delayed: full, of: inode) { return (length, taken) }
        // What is written already takes nothing, and nothing new is needed to find it.
        let written = file.writtenLength(from: offset, upTo: length)
        if written == length { return (length, Reservation()) }
        flush(until: 2 * full)
        if let taken = take(full, delayed: full, of: inode) { return (length, taken) }
        if written > 0, !whole { return (written, Reservation()) }
        // Room that was set aside takes nothing either, but how it is found again may change.
        let allocated = file.allocatedLength(from: offset, upTo: length)
        if allocated == length || (allocated > 0 && !whole) {
            if let taken = take(0, delayed: span(offset, allocated), of: inode, mayOverdraw: true) { return (allocated, taken) }
            throw refused()
        }
        guard !whole else { throw refused() }
        // Half of what is left: the other half is for what the blocks may cost beyond themselves, and is there again after the next flush.
        for part in [room, room / 2] {
            let fitting = min(part / block * block - offset % block, length)
            if fitting > 0, let taken = take(span(offset, fitting), delayed: span(offset, fitting), of: inode) {
                return (fitting, taken)
            }
        }
        throw refused()
    }
}

extension Descriptor {
    /// Writes all of `bytes`, or as much as can be before something fails.
    borrowing func writeWhole(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
        var written = 0
        while written < bytes.count {
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
            do throws(Errno) {
                let step = try unsafe write(part, at: offset + Int64(written))
                if step == 0 { break }
                written += step
            } catch {
                // What was written counts; the next write meets the error again.
                if written > 0 { break }
                throw error
            }
        }
        return written
    }
}
