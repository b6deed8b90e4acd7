internal import CLinux
package import FuseSession
package import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// An inode that the agent has open, however many times: one backing file in the kernel, one descriptor here.
@safe package final class OpenFile: @unchecked Sendable {
    // @unchecked: the row is written under the lock of `kept`, or of the table that counts the opens.

    /// Keeps the inode in the kernel while it has no name any more; nil where the kernel has no such files.
    private let backing: BackingFile?
    private let isPassedThrough: Bool
    /// What the kernel reads and writes by itself; nil where this daemon does.
    var passedThrough: BackingFile? { isPassedThrough ? backing : nil }
    /// Keeps the inode too. nil where too many are open already: then the backing file does, and the file is opened again as it is needed.
    let location: SharedDescriptor?
    private let counted: Atomic<UInt64>
    /// The disk's number of it, by which a zone with a quota counts; 0 in others.
    package var inode: UInt64 { counted.load(ordering: .relaxed) }
    /// Who opened it first.
    let user: UInt32

    @safe private struct Kept: @unchecked Sendable {
        // @unchecked: used under its lock.
        var writer: SharedDescriptor?
        /// Where the file is kept for whoever goes on; nil before it is counted.
        var row: UnsafeMutablePointer<KeptOpen>?
    }
    private let kept: Lock<Kept>

    package init(
        backing: BackingFile?, isPassedThrough: Bool, location: SharedDescriptor?, inode: UInt64 = 0, user: UInt32,
        writer: SharedDescriptor? = nil
    ) {
        self.backing = backing
        self.isPassedThrough = isPassedThrough
        self.location = location
        counted = Atomic(inode)
        self.user = user
        kept = unsafe Lock(Kept(writer: writer, row: nil))
    }

    /// A descriptor for reading and writing, made at the first need and kept while the file is open; where the file itself has none, as long as
    /// `cache` keeps it, or who opens very many files would have that many descriptors all the same.
    func writing(
        _ cache: RecentlyUsed<SharedDescriptor>, _ id: NodeID, _ make: () throws(Errno) -> Descriptor
    ) throws(Errno) -> SharedDescriptor {
        if let known = location == nil ? cache.find(id.rawValue) : kept.withLock({ $0.writer }) { return known }
        let made = SharedDescriptor(try make())
        if location == nil {
            cache.keep(made, id.rawValue)
            return made
        }
        return kept.withLock { kept in
            if let known = kept.writer { return known }
            kept.writer = made
            unsafe kept.row?.pointee.writer = made.descriptor.rawValue
            return made
        }
    }

    // MARK: For whoever goes on

    /// Writes the file down, as open once.
    func keep(_ id: NodeID, in row: UnsafeMutablePointer<KeptOpen>) {
        kept.withLock { kept in
            unsafe row.initialize(
                to: KeptOpen(
                    node: id.rawValue, inode: inode, opens: 0, backing: backing?.id.rawValue ?? 0, user: user,
                    location: location?.descriptor.rawValue ?? -1, writer: kept.writer?.descriptor.rawValue ?? -1,
                    isPassedThrough: isPassedThrough ? 1 : 0))
            settle()
            unsafe row.pointee.opens = 1
            settle()
            unsafe kept.row = unsafe row
        }
    }

    /// A file that a predecessor wrote down in `row`. Its descriptors are this process's from here on.
    init(_ row: UnsafeMutablePointer<KeptOpen>, backing: BackingFile?) {
        let found = unsafe row.pointee
        self.backing = backing
        isPassedThrough = found.isPassedThrough != 0
        location = Self.descriptor(found.location)
        counted = Atomic(found.inode)
        user = found.user
        let writer = found.writer == found.location ? location : Self.descriptor(found.writer)
        kept = unsafe Lock(Kept(writer: writer, row: row))
    }

    /// It is counted by this number from here on.
    func count(as inode: UInt64) {
        counted.store(inode, ordering: .relaxed)
        kept.withLock { unsafe $0.row?.pointee.inode = inode }
    }

    private static func descriptor(_ raw: Int32) -> SharedDescriptor? {
        guard raw >= 0, pinfold_fcntl(raw, F_GETFD, 0) != -1 else { return nil }
        return SharedDescriptor(Descriptor(owning: raw))
    }
}
