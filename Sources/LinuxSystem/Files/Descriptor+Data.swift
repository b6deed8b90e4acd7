internal import CLinux
package import SystemPackage

// The data of an open file. Offsets and lengths are bytes.
extension Descriptor {
    /// See `man 2 pread`. Fewer bytes than there is room for mean the end of the file.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
        let raw = rawValue
        return try check { unsafe pread(raw, buffer.baseAddress, buffer.count, off_t(offset)) }
    }

    /// The same of what lies in memory already, without waiting for a disk (`man 2 preadv2`, RWF_NOWAIT): EAGAIN where nothing of it does, fewer
    /// bytes where some does. EOPNOTSUPP where the file system cannot tell.
    package borrowing func readCached(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
        let raw = rawValue
        var part = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        return try check { unsafe preadv2(raw, &part, 1, off64_t(offset), RWF_NOWAIT) }
    }

    /// See `man 2 pwrite`; it may write less than asked for.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
        let raw = rawValue
        return try check { unsafe pwrite(raw, bytes.baseAddress, bytes.count, off_t(offset)) }
    }

    /// Writes all of `bytes` where the descriptor stands (`man 2 write`).
    package borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
        let raw = rawValue
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let count = try check { unsafe CLinux.write(raw, rest.baseAddress, rest.count) }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    package borrowing func writeAll(_ bytes: [UInt8]) throws(Errno) {
        try unsafe bytes.span.withUnsafeBytes { bytes throws(Errno) in try unsafe writeAll(bytes) }
    }

    /// See `man 2 ftruncate`.
    package borrowing func truncate(to size: Int64) throws(Errno) {
        let raw = rawValue
        _ = try check { ftruncate(raw, off_t(size)) }
    }

    /// See `man 2 fallocate`.
    package borrowing func allocate(mode: Int32, offset: Int64, length: Int64) throws(Errno) {
        let raw = rawValue
        _ = try check { fallocate(raw, mode, off_t(offset), off_t(length)) }
    }

    /// See `man 2 copy_file_range`: how many bytes were copied, 0 at the end of this file.
    package borrowing func copyRange(
        from offset: Int64, to target: borrowing Descriptor, _ targetOffset: Int64, length: Int
    ) throws(Errno) -> Int {
        let raw = rawValue
        let to = target.rawValue
        var from = off64_t(offset)
        var into = off64_t(targetOffset)
        return try check { unsafe copy_file_range(raw, &from, to, &into, length, 0) }
    }

    /// See `man 2 lseek`; ENXIO beyond the last data.
    package borrowing func seek(to offset: Int64, whence: Int32) throws(Errno) -> Int64 {
        let raw = rawValue
        return Int64(try check { lseek(raw, off_t(offset), whence) })
    }

    /// See `man 2 fsync` and `fdatasync`.
    package borrowing func synchronize(dataOnly: Bool = false) throws(Errno) {
        let raw = rawValue
        _ = try check { dataOnly ? fdatasync(raw) : fsync(raw) }
    }
}
