internal import CFuse3
package import LinuxSystem

/// A file's attributes as the kernel gets them (`struct fuse_attr` in <linux/fuse.h>).
@safe package struct Attributes: Sendable {
    var raw: fuse_attr

    /// The attributes of a file below, unchanged: inode number and times too, or git reads every file again.
    package init(_ status: FileStatus) {
        raw = fuse_attr()
        raw.ino = status.inode
        raw.size = status.size
        raw.blocks = status.blocks
        // Negative seconds travel as their two's complement, which the kernel reads as signed.
        raw.atime = UInt64(bitPattern: status.accessed.seconds)
        raw.mtime = UInt64(bitPattern: status.modified.seconds)
        raw.ctime = UInt64(bitPattern: status.changed.seconds)
        raw.atimensec = status.accessed.nanoseconds
        raw.mtimensec = status.modified.nanoseconds
        raw.ctimensec = status.changed.nanoseconds
        raw.mode = status.mode
        raw.nlink = status.links
        raw.uid = status.owner
        raw.gid = status.group
        // The kernel's own encoding of a device number in 32 bits (new_encode_dev).
        raw.rdev = (status.deviceMinor & 0xff) | status.deviceMajor << 8 | (status.deviceMinor & ~0xff) << 12
        raw.blksize = status.blockSize
    }

    package var inode: UInt64 {
        get { raw.ino }
        set { raw.ino = newValue }
    }
    package var mode: UInt32 {
        get { raw.mode }
        set { raw.mode = newValue }
    }
    package var size: UInt64 {
        get { raw.size }
        set { raw.size = newValue }
    }
    /// In units of 512 bytes.
    package var blocks: UInt64 { raw.blocks }
    package var links: UInt32 {
        get { raw.nlink }
        set { raw.nlink = newValue }
    }
}

/// A name's answer: the node, its attributes, and how long each holds (`struct fuse_entry_out` in <linux/fuse.h>).
package struct Entry: Sendable {
    package var node: NodeID
    package var attributes: Attributes
    package var attributesLifetime: Lifetime
    /// How long the name leads to this node.
    package var entryLifetime: Lifetime

    package init(node: NodeID, attributes: Attributes, attributesLifetime: Lifetime, entryLifetime: Lifetime) {
        self.node = node
        self.attributes = attributes
        self.attributesLifetime = attributesLifetime
        self.entryLifetime = entryLifetime
    }
}
