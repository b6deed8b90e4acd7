internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension FileHandle {
    /// The handle of `name` in `directory`, of the directory itself for an empty name, and the number of the mount that it is on.
    /// EOPNOTSUPP where the filesystem has none, EOVERFLOW where they are too long.
    @inline(__always)
    static func of(
        _ name: borrowing PathBytes, in directory: borrowing Descriptor
    ) throws(Errno) -> (handle: FileHandle, mount: Int32) {
        let found = unsafe try directory.withFileHandle(of: name) { bytes, type, mount throws(Errno) in
            unsafe (FileHandle(bytes: bytes, type: type), mount)
        }
        guard let handle = found.0 else { throw Errno(rawValue: EOVERFLOW) }
        return (handle, found.1)
    }

    /// The handle of what `file` refers to.
    static func of(_ file: borrowing Descriptor) throws(Errno) -> FileHandle {
        try "".withPathBytes { name throws(Errno) in try of(name, in: file).handle }
    }

    /// Opens the file through `anchor`'s mount. A handle is not confined to a subtree: only one that a lookup inside the mount gave may be opened.
    @inline(__always)
    func open(through anchor: borrowing Descriptor, _ flags: OpenFlags) throws(Errno) -> Descriptor {
        var words = self.words
        return try unsafe withUnsafeBytes(of: &words) { bytes throws(Errno) in
            var tries = 0
            while true {
                do throws(Errno) {
                    return try unsafe anchor.open(
                        handle: UnsafeRawBufferPointer(rebasing: bytes[..<Int(length)]), type: Int32(type), flags)
                } catch .noMemory where tries < Self.patience {
                    // What ext4 says of a file that is being freed at this moment: it is gone in the next.
                    tries += 1
                    sched_yield()
                }
            }
        }
    }

    private static var patience: Int { 20 }
}
