internal import CLinux
package import SystemPackage

/// A file system's sizes (`man 2 statfs`), in blocks of `fragmentSize` bytes.
package struct FileSystemStatistics: Sendable {
    /// What kind of file system it is (`f_type`).
    package var kind: Int64
    package var blocks: UInt64
    package var freeBlocks: UInt64
    /// Free for those without privilege.
    package var availableBlocks: UInt64
    package var files: UInt64
    package var freeFiles: UInt64
    package var blockSize: UInt32
    package var fragmentSize: UInt32
    package var nameLength: UInt32
}

extension Descriptor {
    /// The sizes of the file system that this is in; O_PATH descriptors will do.
    package borrowing func fileSystemStatistics() throws(Errno) -> FileSystemStatistics {
        let raw = rawValue
        var result = statfs()
        _ = try check { unsafe fstatfs(raw, &result) }
        return FileSystemStatistics(
            kind: Int64(result.f_type), blocks: UInt64(result.f_blocks), freeBlocks: UInt64(result.f_bfree),
            availableBlocks: UInt64(result.f_bavail), files: UInt64(result.f_files), freeFiles: UInt64(result.f_ffree),
            blockSize: UInt32(truncatingIfNeeded: result.f_bsize),
            fragmentSize: UInt32(truncatingIfNeeded: result.f_frsize == 0 ? result.f_bsize : result.f_frsize),
            nameLength: UInt32(truncatingIfNeeded: result.f_namelen))
    }
}
