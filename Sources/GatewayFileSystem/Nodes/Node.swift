internal import FuseSession
package import LinuxSystem
package import ZonePolicy

/// What is known of a file that the kernel knows, in 72 bytes: no name, no path, no descriptor, no address.
///
/// It lies in memory that outlives this process (`KeptState`): who changes its layout raises the version there.
package struct Node: Sendable {
    package let handle: FileHandle
    /// Which of the source's mounts the file was found on: the handle means something there.
    package let mount: UInt16
    var generation: UInt32
    /// How many replies gave the kernel this node and are not forgotten yet; it stays at its highest value once it is there. 0: free.
    package var lookups: UInt32
    /// The next node of the same bucket, or the next free one.
    var next: UInt32
    /// Which rules hold for the file; of a directory as long as `epoch` is the plane's.
    package var place: Place
    var epoch: UInt32
    /// The name that the file was last found under, as `Links` counts names; 0 where nobody counts.
    var nameKey: UInt64
    private let kindBits: UInt8
    package var flags: Flags

    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Its name went beside the mount: it is not opened for writing before it is found by a name again.
        static let adrift = Flags(rawValue: 1)
        /// Its last name and its last open are gone: no descriptor of it is kept, or it would keep its space.
        static let gone = Flags(rawValue: 2)
        /// It had several names once: one that is left may be outside the zone, even if it is the only one.
        static let severalNames = Flags(rawValue: 4)
        /// Its place says which rules held before others came; of files that are no directories.
        static let unplaced = Flags(rawValue: 8)
        /// A directory left the zone since it was found, perhaps with this file in it: it is not changed before it is seen to be inside.
        static let unproved = Flags(rawValue: 16)
    }

    package init(
        handle: FileHandle, mount: UInt16, kind: FileKind, place: Place, epoch: UInt32, nameKey: UInt64, flags: Flags
    ) {
        self.handle = handle
        self.mount = mount
        generation = 0
        lookups = 0
        next = 0
        self.place = place
        self.epoch = epoch
        self.nameKey = nameKey
        kindBits = UInt8(kind.rawValue >> 12)
        self.flags = flags
    }

    package var kind: FileKind { FileKind(rawValue: UInt32(kindBits) << 12) ?? .regular }
    /// Whether the kind is one that there is.
    var hasKind: Bool { FileKind(rawValue: UInt32(kindBits) << 12) != nil }
    /// Whether it takes a second look to tell that the file is to be seen.
    var isInDoubt: Bool { place.isHidden || flags.contains(.unplaced) }
    package var isDirectory: Bool { kindBits == 0o4 }
    package var isRegular: Bool { kindBits == 0o10 }
}
