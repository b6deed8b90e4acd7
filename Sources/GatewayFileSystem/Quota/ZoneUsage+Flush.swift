internal import LinuxSystem
internal import SystemPackage

// Promised blocks made good.
extension ZoneUsage {
    private struct Promise {
        let inode: UInt64
        let surcharge: Int64
        let handle: FileHandle?
    }

    /// Has the disk find room for what it has promised to files of this zone, the largest promises first, and measures them, until `room`
    /// bytes are there or nothing is promised any more.
    func flush(until room: Int64 = .max) { flush(until: room) { _ in true } }

    /// The same for one file.
    func flush(_ inode: UInt64) {
        let promise = withLedger { ledger in
            ledger.accounts[inode].map { Promise(inode: inode, surcharge: $0.surcharge, handle: $0.handle) }
        }
        if let promise { keep(promise) }
    }

    /// The same for files that were not written for so long that the disk has done it by itself, so that it costs nothing.
    func flushOld() {
        let now = Self.now()
        flush(until: .max) { now - $0.touched > Self.secondsUntilWritten }
    }

    /// The kernel writes a changed page after 30 s and looks every 5 s (`vm.dirty_expire_centisecs`, `dirty_writeback_centisecs`).
    private static let secondsUntilWritten: Int64 = 40

    private func flush(until room: Int64, _ isWanted: (UsageLedger.Account) -> Bool) {
        var promises = withLedger { ledger -> [Promise] in
            guard ledger.surcharge > 0 else { return [] }
            return ledger.accounts.compactMap { inode, account in
                guard account.surcharge > 0, isWanted(account) else { return nil }
                return Promise(inode: inode, surcharge: account.surcharge, handle: account.handle)
            }
        }
        promises.sort { $0.surcharge > $1.surcharge }
        for promise in promises {
            keep(promise)
            if self.room >= room { return }
        }
    }

    private func keep(_ promise: Promise) {
        guard promise.surcharge > 0 else { return }
        // Without handles there is no way to a file that is closed: the next look at the whole zone measures it.
        if let handle = promise.handle, handle.isHandle, let anchor = source.rootMount.anchor,
            let file = try? handle.open(through: anchor.descriptor, [.readOnly, .nonBlocking, .noFollow])
        {
            // What the disk has no room for stays promised no longer either: the kernel tells the writer.
            try? file.synchronize(dataOnly: true)
            settle(promise.inode, file, Reservation(), isHeld: false)
        }
        withLedger { $0.kept(promise.inode, promise.surcharge) }
    }
}
