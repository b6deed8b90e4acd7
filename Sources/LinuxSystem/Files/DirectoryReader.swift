internal import CLinux
package import SystemPackage

/// Reads a directory's entries from any offset, without a `DIR` (`man 2 getdents64`).
@safe package struct DirectoryReader: ~Copyable {
    /// An entry, for the length of the call that it is given to.
    @safe package struct Entry: ~Copyable {
        package let inode: UInt64
        /// Where the entry after this one is found (`d_off`): a number of the file system's, neither small nor in order.
        package let next: Int64
        /// DT_*; DT_UNKNOWN (0) where the file system does not say.
        package let type: UInt8
        package let name: PathBytes
    }

    private let buffer: UnsafeMutableRawBufferPointer

    /// - Parameter capacity: bytes of entries that are read at once.
    package init(capacity: Int = 32 << 10) {
        unsafe buffer = .allocate(byteCount: capacity, alignment: 8)
    }

    deinit { unsafe buffer.deallocate() }

    /// Reads entries from `offset` on, 0 being the start, until there are no more or `body` answers false. The descriptor's own
    /// offset moves: only one thread at a time may read through it.
    package borrowing func read(
        _ directory: borrowing Descriptor, from offset: Int64, _ body: (borrowing Entry) throws(Errno) -> Bool
    ) throws(Errno) {
        _ = try directory.seek(to: offset, whence: SEEK_SET)
        let raw = directory.rawValue
        while true {
            let count = try check { unsafe pinfold_getdents64(raw, buffer.baseAddress, buffer.count) }
            if count == 0 { return }
            var position = 0
            while position < count {
                guard let record = unsafe buffer.baseAddress.map({ unsafe $0 + position }) else { return }
                let length = unsafe Int(record.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
                let name = unsafe UnsafePointer((record + 19).assumingMemoryBound(to: CChar.self))
                let entry = unsafe Entry(
                    inode: record.loadUnaligned(as: UInt64.self), next: record.loadUnaligned(fromByteOffset: 8, as: Int64.self),
                    type: record.load(fromByteOffset: 18, as: UInt8.self), name: PathBytes(borrowing: name))
                guard try body(entry) else { return }
                position += length
            }
        }
    }
}
