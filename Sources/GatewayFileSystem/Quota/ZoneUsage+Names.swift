internal import CLinux
internal import LinuxSystem
internal import SystemPackage

// Inodes that come, go, and are open.
extension ZoneUsage {
    /// Somebody made it just now.
    func made(_ inode: UInt64, _ bytes: Int64) { withLedger { $0.made(inode, bytes) } }

    /// One of its names went, which it had when it was looked at.
    ///
    /// - Returns: whether it is gone with that, so that nothing here may hold it any more.
    func lostName(_ before: FileStatus) -> Bool {
        guard before.links <= 1 || before.kind == .directory else { return false }
        return withLedger { $0.lostName(before.inode, Self.bytes(before)) }
    }

    /// It got a further name, or the first, or another one: a look at the whole zone may not come by that any more.
    func gotName(_ status: FileStatus, _ handle: FileHandle) {
        withLedger { ledger in
            ledger.gotName(status.inode)
            // What was looked at is entered already, with all that it holds: its place in the zone is none of the count's.
            guard let check = ledger.check, !check.visited.contains(status.inode) else { return }
            if let account = ledger.accounts[status.inode] {
                ledger.visit(status.inode, account.bytes)
            } else {
                ledger.visit(status.inode, Self.bytes(status))
            }
            if status.kind == .directory { ledger.check?.directories.append(handle) }
        }
    }

    /// The first open of those that are open now.
    func opened(_ file: borrowing Descriptor, _ handle: FileHandle) throws(Errno) -> UInt64 {
        let held = try hold(file)
        withLedger { $0.opened(held, handle) }
        return held.inode
    }

    /// The last open is gone, and all descriptors that it had.
    ///
    /// - Returns: whether the file is gone with it.
    func closed(_ inode: UInt64) -> Bool {
        let (isGone, isCrowded) = withLedger { ledger in (ledger.closed(inode), ledger.accounts.count > Self.accountsKept) }
        // Whoever makes more promises than are remembered waits for the disk to keep his own.
        if isCrowded, !isGone { flush(inode) }
        return isGone
    }

    private static let accountsKept = 65_536
}
