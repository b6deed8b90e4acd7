internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// How much of its quota a zone has used: the blocks of every inode once (`st_blocks`), directories included, and their number.
///
/// Who is about to change something reserves beforehand what that may cost and is refused with EDQUOT where it does not fit: what is compared
/// with the quota holds all reservations, so two who ask at once never both get the last block. Afterwards the inode is measured, and
/// what it really takes is entered in the reservation's place.
///
/// A filesystem promises blocks when a file is written and finds room for them, and for what it needs to find them again, later (ext4's delayed
/// allocation): the second is known only then. Until it is, a file's promised blocks are counted twice against the quota (`surcharge`), which no
/// filesystem exceeds; where that does not fit any more, they are made good at once (`flush`) and measured.
package final class ZoneUsage: Sendable {
    let quota: ZoneQuota
    let source: Source
    /// What the zone is called.
    let label: String
    /// Bytes: what the disk gives out at once.
    let block: Int64
    let limit: Int64
    let inodeLimit: Int64
    private let ledger: Lock<UsageLedger>
    private let file: UsageFile
    /// Whether somebody was refused since the last look at the whole zone.
    let wasRefused = Atomic(false)
    let isStopping = Atomic(false)
    let bell: EventDescriptor
    let ended: EventDescriptor
    /// Whether the count is what the zone holds.
    private let isCounted = Atomic(false)
    /// Set when it is, and when it turns out that it cannot be now.
    private let counted: EventDescriptor

    /// Opens the count, or makes it by a look at the whole zone, which may take its time.
    ///
    /// - Parameters:
    ///   - path: where the count outlives this process; nil for nowhere.
    ///   - countsLater: whether that look is made while the zone is served, which has the quota when it is done.
    init(_ quota: ZoneQuota, _ source: Source, label: String, path: String?, countsLater: Bool) throws(Errno) {
        self.quota = quota
        self.source = source
        self.label = label
        limit = Int64(clamping: quota.bytes)
        inodeLimit = quota.inodes.map { Int64(clamping: $0) } ?? .max
        block = Int64(max(try source.root.descriptor.fileSystemStatistics().fragmentSize, 512))
        file = try UsageFile(path, root: source.root.descriptor, source.rootHandle)
        ledger = Lock(UsageLedger())
        bell = try EventDescriptor()
        ended = try EventDescriptor()
        counted = try EventDescriptor()
        if file.trust == .none {
            if !countsLater { try lookAtEverything(resting: false) }
        } else {
            let file = file
            // What had no name went with the process that had it open.
            withLedger { ledger in
                ledger.bytes = file[.bytes] - file[.namelessBytes]
                ledger.inodes = file[.inodes] - file[.namelessInodes]
            }
        }
        if file.trust != .none || !countsLater { hasCounted() }
        try startThread(checksSoon: file.trust == .nearly)
    }

    /// The count is what the zone holds.
    func hasCounted() {
        file.set(.used)
        isCounted.store(true, ordering: .releasing)
        counted.set()
    }

    /// The whole zone has to be looked at before the quota holds.
    var isUncounted: Bool { !isCounted.load(ordering: .acquiring) }

    /// Waits for that look, also for one that fails: it is made again and again.
    func waitForCount() { counted.wait() }
    func cannotCount() { counted.set() }

    /// The one way to the ledger; what it says afterwards is what the file says.
    @inline(__always)
    func withLedger<Result: ~Copyable>(_ body: (inout UsageLedger) -> Result) -> Result {
        let file = file
        return ledger.withLock { ledger in
            let result = body(&ledger)
            file.store(
                ledger.bytes + ledger.reservedBytes, in: .bytes, ofWhich: ledger.namelessBytes, in: .namelessBytes)
            file.store(
                ledger.inodes + ledger.reservedInodes, in: .inodes, ofWhich: ledger.namelessInodes, in: .namelessInodes)
            return result
        }
    }

    /// No request is served any more: what the file says is all there is.
    func rest() { if !isUncounted { file.set(.rested) } }

    // MARK: What df shows

    /// The quota in the disk's place, and never more than the disk has.
    func statistics(_ disk: FileSystemStatistics) -> FileSystemStatistics {
        let (bytes, inodes) = withLedger { ($0.bytes + $0.reservedBytes, $0.inodes + $0.reservedInodes) }
        var result = disk
        let unit = UInt64(max(disk.fragmentSize, 1))
        let left = UInt64(max(limit - bytes, 0)) / unit
        result.blocks = quota.bytes / unit
        result.freeBlocks = min(left, disk.availableBlocks)
        result.availableBlocks = result.freeBlocks
        if let limit = quota.inodes {
            let left = UInt64(max(inodeLimit - inodes, 0))
            result.files = limit
            // Where the disk makes inodes as they are needed it says 0 of 0.
            result.freeFiles = disk.files == 0 ? left : min(left, disk.freeFiles)
        }
        return result
    }

    /// Seconds.
    static func now() -> Int64 { Int64(SystemClock.coarse / 1_000_000_000) }
}
