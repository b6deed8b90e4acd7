internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

// What is set aside before a change.
extension ZoneUsage {
    /// What making a name may cost: the new inode's first block and that of its ACL, and two of the directory's.
    private static let blocksOfName: Int64 = 4
    /// What a rename, or a write into room that was set aside before, may take beyond the quota: both have to go on in a full zone, and
    /// hardly ever cost anything.
    private static let overdraft: Int64 = 512 << 10
    /// So many blocks of a file need nothing beyond themselves, however they lie.
    static let plainBlocks: Int64 = 4

    /// What was set aside for a change that is under way.
    struct Reservation {
        var bytes: Int64 = 0
        var inodes: Int64 = 0
    }

    /// Sets room aside; nil where there is not so much. `delayed` is how much of it the disk may only promise.
    func take(
        _ bytes: Int64, inodes: Int64 = 0, delayed: Int64 = 0, of inode: UInt64 = 0, mayOverdraw: Bool = false
    ) -> Reservation? {
        let allowed = limit.addingReportingOverflow(mayOverdraw ? Self.overdraft : 0)
        let end = allowed.overflow ? Int64.max : allowed.partialValue
        return withLedger { ledger in
            var surcharge: Int64 = 0
            if delayed > 0, let account = ledger.accounts[inode] {
                let whole = account.bytes + bytes
                if whole > Self.plainBlocks * block { surcharge = min(delayed, max(whole - account.surcharge, 0)) }
            }
            let used = ledger.bytes + ledger.reservedBytes + ledger.surcharge
            guard bytes + surcharge == 0 || (bytes <= end && surcharge <= end && used <= end - bytes - surcharge),
                inodes == 0 || ledger.inodes + ledger.reservedInodes <= inodeLimit - inodes
            else { return nil }
            ledger.reservedBytes += bytes
            ledger.reservedInodes += inodes
            if surcharge > 0 { ledger.surcharge(inode, surcharge, at: Self.now()) }
            return Reservation(bytes: bytes, inodes: inodes)
        }
    }

    /// The same, after making room of what is only promised, or EDQUOT.
    func reserve(_ bytes: Int64, inodes: Int64 = 0, mayOverdraw: Bool = false) throws(Errno) -> Reservation {
        if let reservation = take(bytes, inodes: inodes, mayOverdraw: mayOverdraw) { return reservation }
        flush(until: bytes)
        if let reservation = take(bytes, inodes: inodes, mayOverdraw: mayOverdraw) { return reservation }
        throw refused()
    }

    /// Room for a name, and for an inode if it is a new one's.
    func reserveName(inodes: Int64, mayOverdraw: Bool = false) throws(Errno) -> Reservation {
        try reserve(Self.blocksOfName * block, inodes: inodes, mayOverdraw: mayOverdraw)
    }

    /// Looks again soon whether it is so: somebody may have made room beside the mount.
    func refused() -> Errno {
        wasRefused.store(true, ordering: .relaxed)
        return .diskQuotaExceeded
    }

    func release(_ reservation: Reservation) {
        withLedger { ledger in
            ledger.reservedBytes -= reservation.bytes
            ledger.reservedInodes -= reservation.inodes
        }
    }

    /// How much could be reserved now.
    var room: Int64 { withLedger { limit - $0.bytes - $0.reservedBytes - $0.surcharge } }
}
