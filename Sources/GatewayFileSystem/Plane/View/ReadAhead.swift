internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// Gives the kernel what a reader of the view is likely to ask for next, before it does: a request is two wakings, and while they last a processor
/// has nothing to do.
///
/// - Around a small read within a large file, as the kernel reads around a page that is missed in a mapped one.
/// - The files after those that were read of a directory that was listed: `grep -r`, `cp -r`, an editor's search.
///
/// Only what lies in the memory of the disk's file system is given: no disk is asked for what nobody wanted. And only where changes are reported. A
/// change that is reported while data is under way finds it there, or is seen here afterwards; then it is taken back.
///
/// A thread of its own, that serves nobody: it waits for pages whose answers are under way.
final class ReadAhead: Sendable {
    private enum Job: Sendable {
        case around(NodeID, offset: Int64)
        case rest(listing: Int)
    }

    private let files: PlaneFiles
    let listings = RecentListings()
    /// Who reads faster than this gives has no use for what waits.
    private let jobs = Mailbox<Job>(capacity: 8)
    /// The last files of which a part was asked for.
    private let parts = Lock([NodeID]())

    /// A read that is not larger is one that the kernel expects no other after.
    private static let partSize = 16_384

    init(_ files: PlaneFiles) { self.files = files }

    /// Starts the thread, for as long as the process serves. Without it nothing is given ahead.
    func start(_ notifier: Notifier) {
        _ = try? SystemThread("read-ahead") { [self] in
            let giver = Giver(files, notifier)
            while true {
                switch jobs.take() {
                case .around(let file, let offset): giver.give(file, around: offset)
                case .rest(let listing): while let file = listings.next(of: listing) { giver.give(small: file) }
                }
            }
        }
    }

    /// The kernel has been given `size` bytes of `file` from `offset`, for which it asked.
    func wasAsked(_ file: NodeID, at offset: Int64, size: Int) {
        if offset == 0 {
            if let listing = listings.missed(file), !jobs.put(.rest(listing: listing)) { listings.leave(listing) }
        } else if size <= Self.partSize, isAgain(file) {
            jobs.put(.around(file, offset: offset))
        }
    }

    /// Whether a part of the file was asked for a short while ago.
    private func isAgain(_ file: NodeID) -> Bool {
        parts.withLock { parts in
            if parts.contains(file) { return true }
            if parts.count == 8 { parts.removeFirst() }
            parts.append(file)
            return false
        }
    }
}

/// What the thread works with.
@safe private struct Giver: ~Copyable {
    private let files: PlaneFiles
    private let notifier: Notifier
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(window), alignment: 4096)

    /// As much as the kernel reads around a page of a mapped file.
    private static let window: Int64 = 131_072

    init(_ files: PlaneFiles, _ notifier: Notifier) {
        self.files = files
        self.notifier = notifier
    }

    deinit { unsafe room.deallocate() }

    /// All of a small file, of which no descriptor need be kept.
    func give(small id: NodeID) {
        give(id, at: 0, RecentListings.smallSize) { node throws(Errno) in
            SharedDescriptor(try files.source.open(id, node, .readOnly))
        }
    }

    /// The window of a file that `offset` is in.
    func give(_ id: NodeID, around offset: Int64) {
        give(id, at: offset & ~(Self.window - 1), Int(Self.window)) { node throws(Errno) in try files.source.reading(id, node) }
    }

    private func give(_ id: NodeID, at offset: Int64, _ size: Int, _ open: (Node) throws(Errno) -> SharedDescriptor) {
        guard let node = try? files.node(id), node.isRegular, files.source.mount(node.mount).isWatched else { return }
        let changes = files.changes.load(ordering: .sequentiallyConsistent)
        do throws(Errno) {
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<size])
            let file = try open(node)
            // Somebody may change it without a report (`OpenElsewhere`): the kernel gets no more of it than it asks for.
            if (try? file.descriptor.isOpenForWriting()) == true { return }
            let count = try unsafe file.descriptor.readCached(into: part, at: offset)
            guard count > 0 else { return }
            try unsafe notifier.store(UnsafeRawBufferPointer(rebasing: part[..<count]), of: id, at: offset)
        } catch {
            // Not in memory, gone, or forgotten by the kernel: it asks when it needs it.
            return
        }
        if files.changes.load(ordering: .sequentiallyConsistent) != changes {
            try? notifier.invalidateInode(id, offset: 0, length: 0)
        }
    }
}
