internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A file's name within its filesystem that outlives renames and needs no descriptor (`man 2 name_to_handle_at`), 34 bytes inline.
///
/// It means something only together with the filesystem that it is from. 8 bytes on ext4, up to 32 elsewhere; a longer one is treated as
/// if the filesystem had no handles.
package struct FileHandle: Hashable, Sendable {
    /// The bytes in memory order, the unused ones zero. Without handles: the device and the inode number.
    package let words: (UInt64, UInt64, UInt64, UInt64)
    package let length: UInt8
    /// The filesystem's own type of handle, 1 to 254; 0 stands for a device and an inode number.
    package let type: UInt8

    package static let capacity = 32

    init(words: (UInt64, UInt64, UInt64, UInt64), length: UInt8, type: UInt8) {
        self.words = words
        self.length = length
        self.type = type
    }

    /// A handle as the kernel lays it out, for example in a fanotify event; nil where it is longer than what is kept.
    package init?(bytes: UnsafeRawBufferPointer, type: Int32) {
        guard bytes.count <= Self.capacity, type > 0, type < 255 else { return nil }
        var room: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        unsafe withUnsafeMutableBytes(of: &room) { unsafe $0.copyMemory(from: bytes) }
        words = room
        length = UInt8(bytes.count)
        self.type = UInt8(type)
    }

    /// What stands for a file where the filesystem has no handles: it may be another file's after this one is gone.
    static func numbers(device: UInt64, inode: UInt64) -> FileHandle {
        FileHandle(words: (device, inode, 0, 0), length: 0, type: 0)
    }

    var isHandle: Bool { type != 0 }

    package static func == (a: FileHandle, b: FileHandle) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2 && a.words.3 == b.words.3 && a.length == b.length
            && a.type == b.type
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    /// Whether the handle is of `inode`, where its layout is known: it may be of a file that took the name after its status was asked for.
    ///
    /// Types of linux/exportfs.h: 1 is FILEID_INO32_GEN (ext4), 0x81 XFS's with 64 bits, 0x4d btrfs's.
    func isOf(inode: UInt64) -> Bool {
        switch (type, length) {
        case (1, 8): UInt32(truncatingIfNeeded: words.0) == UInt32(truncatingIfNeeded: inode)
        case (0x81, 12), (0x4d, 20): words.0 == inode
        default: false
        }
    }
}
