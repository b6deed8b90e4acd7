package import FuseSession
internal import LinuxSystem
internal import Synchronization
package import SystemPackage

/// The inodes that are open, with how many opens each has.
///
/// Both are kept for whoever goes on: never less than what the kernel was told, and more only by opens whose request a killed process had in hand.
@safe package final class OpenFiles: @unchecked Sendable {
    // @unchecked: a row is written under the lock of its shard.

    private struct Counted {
        let file: OpenFile
        var opens: Int
        let row: Int
    }
    private let rows: Lock<KeptRows<KeptOpen>>
    /// Keeps the memory of the rows.
    private let kept: KeptPlane

    package init(_ kept: KeptPlane) {
        self.kept = kept
        rows = kept.opens
    }

    private let pins = Atomic<Int>(0)
    /// How many of them a descriptor of this process holds open.
    var pinned: Int { pins.load(ordering: .relaxed) }

    /// What one user has opened before anybody else did.
    private struct Share {
        var files = 0
        var pinned = 0
    }
    private let shares = Lock<[UInt32: Share]>([:])
    /// How many of those `user` opened first.
    func pinned(by user: UInt32) -> Int { shares.withLock { $0[user]?.pinned ?? 0 } }

    /// One user never has all: a quarter is left to the others.
    private static let most = KeptLayout.openCapacity - KeptLayout.openCapacity / 4

    private func isGreedy(_ user: UInt32) -> Bool { shares.withLock { ($0[user]?.files ?? 0) >= Self.most } }

    private func count(_ file: OpenFile, _ change: Int) {
        let pinned = file.location == nil ? 0 : change
        if pinned != 0 { pins.wrappingAdd(pinned, ordering: .relaxed) }
        shares.withLock { shares in
            var share = shares[file.user] ?? Share()
            share.files += change
            share.pinned += pinned
            shares[file.user] = share.files == 0 ? nil : share
        }
    }

    private let shards: [Lock<[NodeID: Counted]>] = (0..<16).map { _ in Lock([:]) }

    @inline(__always)
    private func shard(_ id: NodeID) -> Lock<[NodeID: Counted]> { shards[Int(id.rawValue & 15)] }

    @inline(__always)
    func find(_ id: NodeID) -> OpenFile? { shard(id).withLock { $0.isEmpty ? nil : $0[id]?.file } }

    /// One open more of what is open already.
    package func again(_ id: NodeID) -> OpenFile? {
        shard(id).withLock { files in
            guard let counted = files[id] else { return nil }
            files[id]?.opens += 1
            write(counted.row, opens: counted.opens + 1)
            return counted.file
        }
    }

    private func write(_ row: Int, opens: Int) {
        unsafe rows.withLock { unsafe $0.pointer(row) }.pointee.opens = UInt32(clamping: opens)
        settle()
    }

    /// Counts an open; answers the file that was there first, should two have been opened at the same time. ENFILE where a million are open, or three
    /// quarters of them by this user.
    package func first(_ id: NodeID, _ file: OpenFile) throws(Errno) -> OpenFile {
        try shard(id).withLock { files throws(Errno) in
            if let known = files[id] {
                files[id]?.opens += 1
                write(known.row, opens: known.opens + 1)
                return known.file
            }
            guard !isGreedy(file.user), let row = rows.withLock({ $0.take() }) else { throw .tooManyOpenFilesInSystem }
            unsafe file.keep(id, in: rows.withLock { unsafe $0.pointer(row) })
            files[id] = Counted(file: file, opens: 1, row: row)
            count(file, 1)
            return file
        }
    }

    /// Takes one open back; answers the file where it was the last.
    package func release(_ id: NodeID) -> OpenFile? {
        shard(id).withLock { files in
            guard var counted = files[id] else { return nil }
            counted.opens -= 1
            write(counted.row, opens: counted.opens)
            if counted.opens == 0 {
                rows.withLock { $0.giveBack(counted.row) }
                files[id] = nil
                count(counted.file, -1)
                return counted.file
            }
            files[id] = counted
            return nil
        }
    }

    /// Goes on with what a predecessor left open.
    ///
    /// - Parameters:
    ///   - backing: the backing file with this number, where the kernel has it still.
    ///   - isKnown: whether the kernel may have it open: what it has forgotten was counted too often.
    package func adopt(backing: (BackingID) -> BackingFile?, isKnown: (NodeID) -> Bool) -> [(NodeID, OpenFile)] {
        var found: [(NodeID, OpenFile)] = []
        for row in rows.withLock({ $0.adopt { $0.opens > 0 } }) {
            let pointer = unsafe rows.withLock { unsafe $0.pointer(row) }
            let entry = unsafe pointer.pointee
            let id = NodeID(rawValue: entry.node)
            let file = unsafe OpenFile(pointer, backing: entry.backing == 0 ? nil : backing(BackingID(rawValue: entry.backing)))
            let isNew =
                isKnown(id)
                && shard(id).withLock { files in
                    guard files[id] == nil else { return false }
                    files[id] = Counted(file: file, opens: Int(entry.opens), row: row)
                    return true
                }
            if isNew {
                count(file, 1)
                found.append((id, file))
            } else {
                write(row, opens: 0)
                rows.withLock { $0.giveBack(row) }
            }
        }
        return found
    }

    /// The numbers of the backing files of what a predecessor left open.
    var keptBackings: Set<BackingID> {
        rows.withLock { rows in
            Set((0..<rows.count).filter { rows[$0].opens > 0 }.map { BackingID(rawValue: rows[$0].backing) })
        }
    }

    /// The numbers of those that the kernel reads and writes by itself.
    var passedThrough: [NodeID] {
        shards.flatMap { $0.withLock { files in files.filter { $0.value.file.passedThrough != nil }.map(\.key) } }
    }

    var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }
}
