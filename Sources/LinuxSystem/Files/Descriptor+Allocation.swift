internal import CLinux
internal import SystemPackage

// Which parts of an open file have room on the disk. Offsets and lengths are bytes; a filesystem that cannot say says "none".
extension Descriptor {
    /// How many bytes from `offset` on, up to `length`, hold data that was written: a hole, the end of the file, or room that was only
    /// set aside ends it (`man 2 lseek`, SEEK_HOLE).
    package borrowing func writtenLength(from offset: Int64, upTo length: Int64) -> Int64 {
        // ENXIO at and beyond the end.
        guard let hole = try? seek(to: offset, whence: 4) else { return 0 }
        return min(max(hole - offset, 0), length)
    }

    /// How many bytes from `offset` on, up to `length`, have blocks, written or set aside, without a gap.
    package borrowing func allocatedLength(from offset: Int64, upTo length: Int64) -> Int64 {
        var end = offset
        eachExtent(from: offset, length) { start, extent in
            guard start <= end else { return false }
            end = max(end, start + extent)
            return end < offset + length
        }
        return min(end - offset, length)
    }

    /// How many of the `length` bytes from `offset` on have blocks.
    package borrowing func allocatedBytes(from offset: Int64, _ length: Int64) -> Int64 {
        var sum: Int64 = 0
        eachExtent(from: offset, length) { start, extent in
            sum += max(min(start + extent, offset + length) - max(start, offset), 0)
            return true
        }
        return sum
    }

    /// Passes the extents that touch the range to `body`, in order, until it answers false. Ends early in a file of very many: what is
    /// not looked at counts as a hole.
    private borrowing func eachExtent(from offset: Int64, _ length: Int64, _ body: (Int64, Int64) -> Bool) {
        let raw = rawValue
        var pairs = [UInt64](repeating: 0, count: 128)
        var next = UInt64(clamping: offset)
        let end = next &+ UInt64(clamping: length)
        for _ in 0..<1024 where next < end {
            var last: Int32 = 0
            guard let count = try? check({ unsafe pinfold_extents(raw, next, end - next, &pairs, &last) }), count > 0 else {
                return
            }
            for index in 0..<Int(count) {
                let (start, extent) = (Int64(clamping: pairs[2 * index]), Int64(clamping: pairs[2 * index + 1]))
                guard body(start, min(extent, .max - start)) else { return }
                next = UInt64(clamping: start) &+ UInt64(clamping: extent)
            }
            if last != 0 { return }
        }
    }
}
