internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A directory's listing as the filesystem gives it, read ahead a buffer at a time (`man 2 getdents64`). Used by one request at a time.
@safe final class DirectoryStream {
    /// An entry, valid until the stream goes on.
    @safe struct Entry {
        let name: UnsafeBufferPointer<UInt8>
        let inode: UInt64
        /// `d_type`; 0 where the filesystem does not say.
        let type: UInt8
        /// Where the entry after this one is found.
        let next: Int64
    }

    private let descriptor: Descriptor
    private let buffer: UnsafeMutableRawPointer
    private static let capacity = 32_768
    private var filled = 0
    private var cursor = 0
    /// Where the next entry is found.
    private(set) var position: Int64

    /// Lists `descriptor`, a directory that is open for reading and nobody else's, from `position`: 0, or an entry's `next`.
    init(_ descriptor: consuming Descriptor, from position: Int64) throws(Errno) {
        if position != 0 { _ = try descriptor.seek(to: position, whence: SEEK_SET) }
        self.descriptor = descriptor
        self.position = position
        unsafe buffer = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: 8)
    }

    deinit { unsafe buffer.deallocate() }

    /// The next entry, without going past it; nil at the end.
    func peek() throws(Errno) -> Entry? {
        if cursor == filled {
            let raw = descriptor.rawValue
            filled = Int(try check { unsafe pinfold_getdents64(raw, buffer, Self.capacity) })
            cursor = 0
            if filled == 0 { return nil }
        }
        // struct linux_dirent64: d_ino 0, d_off 8, d_reclen 16, d_type 18, d_name 19; the kernel writes whole ones.
        let record = unsafe buffer + cursor
        let name = unsafe record + 19
        return unsafe Entry(
            name: UnsafeBufferPointer(
                start: name.assumingMemoryBound(to: UInt8.self), count: strlen(name.assumingMemoryBound(to: CChar.self))),
            inode: record.load(as: UInt64.self), type: record.load(fromByteOffset: 18, as: UInt8.self),
            next: record.load(fromByteOffset: 8, as: Int64.self))
    }

    /// Goes past the entry that `peek` gave.
    func advance() {
        guard cursor < filled else { return }
        let record = unsafe buffer + cursor
        position = unsafe record.load(fromByteOffset: 8, as: Int64.self)
        cursor += unsafe Int(record.load(fromByteOffset: 16, as: UInt16.self))
    }

    /// Drops what was read ahead: the directory may have changed since.
    func refresh() throws(Errno) {
        guard cursor < filled else { return }
        _ = try descriptor.seek(to: position, whence: SEEK_SET)
        cursor = 0
        filled = 0
    }
}
