/// A file's number in the protocol, chosen by the file system and opaque to the kernel (`nodeid` in <linux/fuse.h>).
///
/// It is valid from the reply that hands it out until the kernel has forgotten as many lookups as there were replies.
package struct NodeID: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The kernel's own root (FUSE_ROOT_ID). `Session` serves it, as a private directory with one child: the kernel makes this
    /// inode before it knows what was negotiated and never caches its ACL, so that each walk from it would cost a request. File
    /// systems never see it.
    package static let kernelRoot = NodeID(rawValue: 1)
    /// The root of the file system that is served: what the mountpoint shows.
    package static let root = NodeID(rawValue: 2)
}

/// What a file system answered an open with and gets back with each use of that open file (`fh` in <linux/fuse.h>).
package struct Handle: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// What comes with files that were never opened, where the kernel was told that no open is needed.
    package static let none = Handle(rawValue: 0)
}

/// A file that the kernel reads and writes by itself in the place of an open FUSE file (FUSE_PASSTHROUGH, Linux 6.9).
package struct BackingID: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// How long the kernel may use an answer without asking again (`entry_valid` and `attr_valid` in <linux/fuse.h>).
package struct Lifetime: Hashable, Sendable {
    package var seconds: UInt64
    package var nanoseconds: UInt32

    package init(seconds: UInt64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Ask each time.
    package static let none = Lifetime(seconds: 0)
    package static let second = Lifetime(seconds: 1)
    /// A year: until a notification says otherwise.
    package static let long = Lifetime(seconds: 31_536_000)
}
