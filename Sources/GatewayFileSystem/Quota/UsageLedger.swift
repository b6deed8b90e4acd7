internal import LinuxSystem

/// What a zone holds, and what is counted of the inodes that somebody works on. Used under the lock of `ZoneUsage` alone.
///
/// `bytes` is the sum over all inodes of what each is counted with. An inode that somebody works on has an account with that number, and
/// each new measurement adds the difference, so the sum stays right whoever measures first. Of all others nothing is kept: they are
/// counted with what the disk says.
struct UsageLedger {
    struct Account {
        /// No two accounts have the same, of one inode or of several.
        let id: UInt64
        /// What it is counted with.
        var bytes: Int64
        /// What its blocks that the filesystem has only promised so far may cost beyond themselves.
        var surcharge: Int64 = 0
        var opens: Int32 = 0
        /// Operations under way.
        var users: Int32 = 0
        /// Grows with each measurement: one that was made before another was entered is made again.
        var version: UInt32 = 0
        /// It has no name any more, or none yet: it is gone with its last open.
        var isNameless = false
        /// Seconds of the monotonic clock.
        var touched: Int64 = 0
        var handle: FileHandle?
    }

    /// A look at the whole zone that is under way.
    struct Check {
        var visited = InodeSet()
        var bytes: Int64 = 0
        var inodes: Int64 = 0
        /// Directories that are still to be read.
        var directories: [FileHandle] = []
    }

    var bytes: Int64 = 0
    var inodes: Int64 = 0
    var namelessBytes: Int64 = 0
    var namelessInodes: Int64 = 0
    var reservedBytes: Int64 = 0
    var reservedInodes: Int64 = 0
    /// The sum over all accounts.
    private(set) var surcharge: Int64 = 0
    private(set) var accounts: [UInt64: Account] = [:]
    private var lastAccount: UInt64 = 0
    /// Grows with each change of what anything is counted with.
    private(set) var version: UInt64 = 0
    /// The same, for 256 parts of the inodes.
    private(set) var versions = [UInt32](repeating: 0, count: 256)
    var check: Check?

    // MARK: Sums

    private mutating func add(_ bytes: Int64, _ inodes: Int64, of inode: UInt64) {
        self.bytes += bytes
        self.inodes += inodes
        version &+= 1
        versions[Int(inode & 255)] &+= 1
        if check?.visited.contains(inode) == true {
            check?.bytes += bytes
            check?.inodes += inodes
        }
    }

    /// It was measured.
    mutating func measured(_ inode: UInt64, _ bytes: Int64) {
        guard let account = accounts[inode] else { return }
        accounts[inode]?.bytes = bytes
        accounts[inode]?.version &+= 1
        if account.isNameless { namelessBytes += bytes - account.bytes }
        add(bytes - account.bytes, 0, of: inode)
    }

    // MARK: Inodes that come and go

    /// It is new.
    mutating func made(_ inode: UInt64, _ bytes: Int64) {
        add(bytes, 1, of: inode)
        // Where the look has come by it already, it has counted it too.
        guard check?.visited.insert(inode) == true else {
            check?.bytes -= bytes
            check?.inodes -= 1
            return
        }
        check?.bytes += bytes
        check?.inodes += 1
    }

    /// Its last name went, when it had `bytes`.
    ///
    /// - Returns: whether it is gone with that, nobody having it open.
    mutating func lostName(_ inode: UInt64, _ bytes: Int64) -> Bool {
        if let account = accounts[inode], account.opens > 0 {
            if !account.isNameless {
                accounts[inode]?.isNameless = true
                namelessBytes += account.bytes
                namelessInodes += 1
                // No look at the zone's names will find it.
                visit(inode, account.bytes)
                return false
            }
            // Opened in the moment between: counted by that open already, without its name.
            add(-bytes, -1, of: inode)
            return false
        }
        let counted = accounts[inode]?.bytes ?? bytes
        add(-counted, -1, of: inode)
        _ = check?.visited.remove(inode)
        forget(inode)
        return true
    }

    /// It got a name again (`man 2 linkat`, of an O_TMPFILE).
    mutating func gotName(_ inode: UInt64) {
        guard let account = accounts[inode], account.isNameless else { return }
        accounts[inode]?.isNameless = false
        namelessBytes -= account.bytes
        namelessInodes -= 1
    }

    // MARK: Accounts

    /// Keeps what it is counted with from here on, which is `bytes` where it has no account; nil, and nothing kept, where it has none and
    /// must not get one.
    mutating func hold(_ inode: UInt64, _ bytes: Int64, mayOpen: Bool) -> UInt64? {
        if accounts[inode] == nil {
            guard mayOpen else { return nil }
            open(inode, bytes)
        }
        accounts[inode]?.users += 1
        return accounts[inode]?.id
    }

    private mutating func open(_ inode: UInt64, _ bytes: Int64) {
        lastAccount += 1
        accounts[inode] = Account(id: lastAccount, bytes: bytes)
    }

    mutating func letGo(_ inode: UInt64) {
        accounts[inode]?.users -= 1
        forgetUnused(inode)
    }

    /// What was held is open, once more.
    ///
    /// Its last name may have gone in this very moment. If that was entered before, it is not counted any more; if it is about to be, the
    /// name will be taken off. Either way the file is counted anew, without a name.
    mutating func opened(_ held: ZoneUsage.Held, _ handle: FileHandle) {
        let inode = held.inode
        let isSame = accounts[inode]?.id == held.account
        if accounts[inode] == nil { open(inode, held.bytes) }
        if isSame { accounts[inode]?.users -= 1 }
        accounts[inode]?.opens += 1
        accounts[inode]?.handle = handle
        guard let account = accounts[inode], !account.isNameless, account.opens == 1, !isSame || held.links == 0 else { return }
        made(inode, account.bytes)
        accounts[inode]?.isNameless = true
        namelessBytes += account.bytes
        namelessInodes += 1
    }

    /// - Returns: whether it is gone with that.
    mutating func closed(_ inode: UInt64) -> Bool {
        guard let account = accounts[inode] else { return false }
        accounts[inode]?.opens -= 1
        guard account.opens == 1, account.isNameless else {
            forgetUnused(inode)
            return false
        }
        namelessBytes -= account.bytes
        namelessInodes -= 1
        add(-account.bytes, -1, of: inode)
        _ = check?.visited.remove(inode)
        forget(inode)
        return true
    }

    /// Adds to what its promised blocks may cost.
    mutating func surcharge(_ inode: UInt64, _ bytes: Int64, at now: Int64) {
        guard accounts[inode] != nil else { return }
        accounts[inode]?.surcharge += bytes
        accounts[inode]?.touched = now
        surcharge += bytes
    }

    /// Takes off what was promised when `bytes` were known, which the disk has made good.
    mutating func kept(_ inode: UInt64, _ bytes: Int64) {
        guard let account = accounts[inode] else { return }
        let less = min(bytes, account.surcharge)
        accounts[inode]?.surcharge -= less
        surcharge -= less
        forgetUnused(inode)
    }

    private mutating func forgetUnused(_ inode: UInt64) {
        guard let account = accounts[inode], account.users <= 0, account.opens <= 0, account.surcharge == 0 else { return }
        accounts[inode] = nil
    }

    private mutating func forget(_ inode: UInt64) {
        guard let account = accounts.removeValue(forKey: inode) else { return }
        surcharge -= account.surcharge
    }

    // MARK: Checking

    /// Begins a look at the whole zone: what has no name is not found by it, and is counted already.
    mutating func beginCheck(root: FileHandle) {
        check = Check()
        check?.directories = [root]
        for (inode, account) in accounts where account.isNameless { visit(inode, account.bytes) }
    }

    /// It was found by the look, with `bytes`, or came to where the look has been already. From here on its changes are the look's too.
    mutating func visit(_ inode: UInt64, _ bytes: Int64) {
        guard check != nil, check?.visited.contains(inode) == false else { return }
        measured(inode, bytes)
        _ = check?.visited.insert(inode)
        check?.bytes += bytes
        check?.inodes += 1
    }

    mutating func finishCheck() {
        guard let found = check else { return }
        bytes = found.bytes
        inodes = found.inodes
        check = nil
    }
}
