internal import CLinux
internal import LinuxSystem

/// The inode numbers that a tree of several filesystems shows.
///
/// All of it has one device number, by which programs tell files apart together with the inode's: two roots with the same number, 2 on every
/// ext4, would be one directory to `find`, and a loop where one is in the other. So the numbers of all filesystems but the root's own get a
/// tag of their filesystem in the upper half. The tag is made from what the filesystem calls itself (`f_fsid`, `man 2 statfs`), so that a number
/// is the same after the next mount. The lower 32 bits stay, which is all that git's index keeps.
final class InodeNumbers: Sendable {
    /// The device number of the filesystem whose numbers stay as they are.
    let own: UInt64
    private let tags = Lock<[UInt64: UInt64]>([:])
    private static let tagBits: UInt64 = 19
    private static let tagMask: UInt64 = (1 << tagBits) - 1

    init(own: UInt64) { self.own = own }

    /// - Parameter file: opens a file of the filesystem, where that may be asked what it is called.
    func shown(_ inode: UInt64, of device: UInt64, _ file: () -> Descriptor?) -> UInt64 {
        Self.shown(inode, tag: tags.withLock { $0[device] } ?? makeTag(device, file()))
    }

    /// Below 2^53 where it can be, which is as far as a program that keeps numbers as floating-point ones tells them apart.
    static func shown(_ inode: UInt64, tag: UInt64) -> UInt64 {
        if inode < 1 << 32 { return 1 << 51 | tag << 32 | inode }
        if inode < 1 << 43 { return 1 << 62 | tag << 43 | inode }
        let upper = mix(tag << 32 ^ inode >> 32) >> 35
        return 3 << 61 | upper << 32 | inode & 0xffff_ffff
    }

    private func makeTag(_ device: UInt64, _ file: borrowing Descriptor?) -> UInt64 {
        var name = device
        switch file {
        case .some(let file):
            var identity: UInt64 = 0
            var kind: Int64 = 0
            let raw = file.rawValue
            if unsafe pinfold_filesystem_identity(raw, &identity, &kind) == 0, identity != 0 { name = identity }
        case .none: break
        }
        return tags.withLock { tags in
            if let known = tags[device] { return known }
            let used = Set(tags.values)
            var tag = Self.mix(name) & Self.tagMask
            // More filesystems than tags cannot be mounted (`Source.mountCapacity`).
            while used.contains(tag) { tag = (tag + 1) & Self.tagMask }
            tags[device] = tag
            return tag
        }
    }

    /// The same in each process: the numbers outlive it.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
