internal import CLinux
package import SystemPackage

/// What `statx` says of a file (`man 2 statx`, STATX_BASIC_STATS).
package struct FileStatus: Hashable, Sendable {
    package var inode: UInt64
    /// Bytes.
    package var size: UInt64
    /// In units of 512 bytes.
    package var blocks: UInt64
    package var accessed: Timestamp
    package var modified: Timestamp
    package var changed: Timestamp
    /// Kind and permission bits.
    package var mode: UInt32
    package var links: UInt32
    package var owner: UInt32
    package var group: UInt32
    /// Of a device node: which device it is.
    package var deviceMajor: UInt32
    package var deviceMinor: UInt32
    package var blockSize: UInt32
    /// The device number of the file system that holds it, as `stat` gives it.
    package var fileSystem: UInt64
    /// The mount that it was reached through (STATX_MNT_ID); 0 before Linux 5.8.
    package var mount: UInt64
    /// Whether it is the root of a mount (STATX_ATTR_MOUNT_ROOT).
    package var isMountRoot: Bool
    /// Whether nobody may change it (STATX_ATTR_IMMUTABLE), or only add to its end (STATX_ATTR_APPEND): `man 1 chattr`.
    package var isImmutable: Bool
    package var isAppendOnly: Bool

    /// What tells a file from every other one that exists at the same time.
    package struct Identity: Hashable, Sendable {
        package let fileSystem: UInt64
        package let inode: UInt64
    }

    package var identity: Identity { Identity(fileSystem: fileSystem, inode: inode) }

    /// The kind; regular where the bits name none, which no file system answers.
    package var kind: FileKind { FileKind(mode: mode) ?? .regular }

    init(_ raw: statx) {
        inode = raw.stx_ino
        size = raw.stx_size
        blocks = raw.stx_blocks
        accessed = Timestamp(seconds: raw.stx_atime.tv_sec, nanoseconds: raw.stx_atime.tv_nsec)
        modified = Timestamp(seconds: raw.stx_mtime.tv_sec, nanoseconds: raw.stx_mtime.tv_nsec)
        changed = Timestamp(seconds: raw.stx_ctime.tv_sec, nanoseconds: raw.stx_ctime.tv_nsec)
        mode = UInt32(raw.stx_mode)
        links = raw.stx_nlink
        owner = raw.stx_uid
        group = raw.stx_gid
        deviceMajor = raw.stx_rdev_major
        deviceMinor = raw.stx_rdev_minor
        blockSize = raw.stx_blksize
        fileSystem = pinfold_makedev(raw.stx_dev_major, raw.stx_dev_minor)
        mount = raw.stx_mnt_id
        isMountRoot = raw.stx_attributes & 0x2000 != 0
        isImmutable = raw.stx_attributes & 0x10 != 0
        isAppendOnly = raw.stx_attributes & 0x20 != 0
    }
}

extension Descriptor {
    /// The status of what this descriptor refers to, O_PATH descriptors and symbolic links included (AT_EMPTY_PATH).
    ///
    /// - Parameter local: as below.
    package borrowing func status(local: Bool = false) throws(Errno) -> FileStatus {
        let raw = rawValue
        var result = statx()
        _ = try check { unsafe statx(raw, "", pinfold_AT_EMPTY_PATH | (local ? 0x4000 : 0), 0x17ff, &result) }
        return FileStatus(result)
    }

    /// When the file behind a name in this directory was made (STATX_BTIME); nil where the file system does not keep that.
    package borrowing func timeOfBirth(of name: borrowing PathBytes) throws(Errno) -> Timestamp? {
        let raw = rawValue
        let pointer = unsafe name.pointer
        var result = statx()
        _ = try check { unsafe statx(raw, pointer, pinfold_AT_SYMLINK_NOFOLLOW | 0x800, 0x800, &result) }
        guard result.stx_mask & 0x800 != 0 else { return nil }
        return Timestamp(seconds: result.stx_btime.tv_sec, nanoseconds: result.stx_btime.tv_nsec)
    }

    /// The status of a name in this directory; a symbolic link's own. Nothing is mounted on demand (AT_NO_AUTOMOUNT).
    ///
    /// - Parameter local: what this machine knows is enough, no server or daemon is asked (AT_STATX_DONT_SYNC): it cannot hang.
    package borrowing func status(of name: borrowing PathBytes, local: Bool = false) throws(Errno) -> FileStatus {
        let raw = rawValue
        let pointer = unsafe name.pointer
        var result = statx()
        _ = try check { unsafe statx(raw, pointer, pinfold_AT_SYMLINK_NOFOLLOW | 0x800 | (local ? 0x4000 : 0), 0x17ff, &result) }
        return FileStatus(result)
    }
}
