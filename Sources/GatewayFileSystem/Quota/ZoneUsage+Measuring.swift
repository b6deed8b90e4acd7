internal import LinuxSystem
internal import SystemPackage

// What is measured after a change.
extension ZoneUsage {
    static func bytes(_ status: FileStatus) -> Int64 { Int64(clamping: status.blocks) * 512 }

    /// A file whose count is kept.
    struct Held {
        let inode: UInt64
        let account: UInt64
        /// As it was measured.
        let bytes: Int64
        let links: UInt32
    }

    /// Keeps what the file is counted with until `settle`.
    func hold(_ file: borrowing Descriptor) throws(Errno) -> Held {
        var attempt = 0
        while true {
            attempt += 1
            let version = withLedger { $0.version }
            let status = try file.status()
            let bytes = Self.bytes(status)
            // It may have been changed since it was measured, by somebody who has settled already: then it is measured again. Not for ever,
            // for whatever is changed in the zone counts as that.
            let account = withLedger {
                $0.hold(status.inode, bytes, mayOpen: $0.version == version || attempt >= 8)
            }
            if let account { return Held(inode: status.inode, account: account, bytes: bytes, links: status.links) }
        }
    }

    /// Measures a file that is held and gives the reservation back for what it takes now.
    func settle(_ inode: UInt64, _ file: borrowing Descriptor, _ reservation: Reservation, isHeld: Bool = true) {
        var attempt = 0
        while true {
            let version = withLedger { $0.accounts[inode]?.version }
            let status = try? file.status()
            attempt += 1
            let isSettled = withLedger { ledger -> Bool in
                // Measured before somebody else's measurement was entered: that one may be the younger.
                guard ledger.accounts[inode]?.version == version || attempt > 64 else { return false }
                if let status { ledger.measured(inode, Self.bytes(status)) }
                ledger.reservedBytes -= reservation.bytes
                ledger.reservedInodes -= reservation.inodes
                if isHeld { ledger.letGo(inode) }
                return true
            }
            if isSettled { return }
        }
    }

    /// Does what may change how much `file` takes.
    func counting<Result: ~Copyable>(
        _ file: borrowing Descriptor, _ reservation: Reservation = Reservation(), _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let inode: UInt64
        do throws(Errno) {
            inode = try hold(file).inode
        } catch {
            release(reservation)
            throw error
        }
        do throws(Errno) {
            let result = try body()
            settle(inode, file, reservation)
            return result
        } catch {
            // It may have been done in part.
            settle(inode, file, reservation)
            throw error
        }
    }
}
