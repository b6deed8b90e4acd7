internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Brings an existing directory to the state of a tree, file by file by rename, leaving alone what no deployment put there.
///
/// The order makes each crash and each error harmless. Everything that takes space is written first, into a staging directory inside the
/// target, and synced; then the list of what deployments own afterwards; then the journal; only then names change. A crash before the journal
/// leaves the old version and a staging directory, which the next update removes. A crash after it leaves a mixture, which `settle` completes
/// from the journal. What is replaced or removed stays in the staging directory until all is done, so that an error in the middle (a file that
/// cannot be moved, a disk that is full of names) leads back to the old version, and not to a mixture.
package struct InPlaceUpdate: Sendable {
    package static let stagingName = ".pinfold-staging"

    /// The directory that the server runs from.
    package let target: String
    /// On the daemon's own ground.
    package let journal: String
    /// The list of what deployments own in the target.
    package let record: String
    /// Directories that nothing is deployed into, wherever they lie in the target: the daemon's own, and the agent's.
    let forbidden: Set<Tree.FileIdentity>

    package init(target: String, journal: String, record: String, keepingOutOf forbidden: [String]) {
        self.target = target
        self.journal = journal
        self.record = record
        self.forbidden = Tree.Leaving(directories: forbidden).directories
    }

    /// An update that is taken back: the journal by another name.
    private var undoing: String { journal + ".undo" }
    /// What the record becomes.
    private var nextRecord: String { journal + ".owned" }
    private var staging: String { target + "/" + Self.stagingName }

    /// The paths that deployments put into the target; nil where none is known to have.
    package func owned() throws(FileError) -> Set<[UInt8]>? {
        try OwnedPaths.read(record, of: target)
    }

    /// Whether an update was begun whose names may have changed in part. Where it was not, the target is what it was before.
    package func isUnfinished() throws(FileError) -> Bool {
        if try PathState(of: journal) != .missing { return true }
        return try PathState(of: undoing) != .missing
    }

    /// Writes everything that differs beside its place, then the journal. Returns how many names will change. There is no unfinished update.
    package func prepare(_ wish: Wish) throws(FileError) -> Int {
        try Tree.remove(staging)
        try DurableFile.makeDirectory(staging, mode: 0o700)
        do throws(FileError) {
            var planning = try InPlacePlanning(wish, of: self, staging: staging)
            let plan = try planning.plan()
            try syncStaged(plan)
            try DurableFile.write(
                OwnedPaths.encoded(wish.isForgotten ? nil : planning.ownedAfterwards, of: target), to: nextRecord, mode: 0o600)
            try DurableFile.write(plan.encoded, to: journal, mode: 0o600)
            return plan.operations.count
        } catch {
            try? Tree.remove(staging)
            throw error
        }
    }

    /// Carries out what was prepared. An error is the target's old state again, unless `isUnfinished` says that not even that was possible.
    package func carryOut(fault: (String) -> Void = { _ in }) throws(FileError) {
        guard let plan = try read(journal) else { return }
        do throws(FileError) {
            try forward(plan, fault: fault)
        } catch {
            try? takeBack(plan)
            throw error
        }
        try finish()
    }

    /// Leads what a crash or an error left to a whole version, the new one or the old. Nothing to do is success.
    package func settle() throws(FileError) {
        let undone = try read(undoing)
        let begun = try read(journal)
        guard let plan = undone ?? begun else { return try Tree.remove(staging) }
        guard try InPlaceCarrier.canWork(in: target) else { return try abandon(plan) }
        if undone != nil { return try takeBack(plan) }
        do throws(FileError) {
            try forward(plan, fault: { _ in })
        } catch {
            return try takeBack(plan)
        }
        try finish()
    }

    private func read(_ journal: String) throws(FileError) -> InPlacePlan? {
        guard let bytes = try DurableFile.read(journal, limit: 1 << 30) else { return nil }
        guard let plan = InPlacePlan(encoded: bytes) else { throw FileError("understand the journal", journal, .invalidArgument) }
        return plan
    }

    private func forward(_ plan: InPlacePlan, fault: (String) -> Void) throws(FileError) {
        let carrier = try InPlaceCarrier(target: target)
        var half = plan.operations.count / 2
        for (number, operation) in plan.operations.enumerated() {
            try carrier.apply(operation, number)
            half -= 1
            if half == 0 { fault("inside") }
        }
        try syncNames(plan)
    }

    /// Every name has changed: what deployments own is on record, and what was replaced may go.
    private func finish() throws(FileError) {
        // By rename alone: a full disk cannot stop it here. A journal of an older daemon has no such file.
        if try PathState(of: nextRecord) != .missing {
            try naming("rename \(nextRecord) to", record) { () throws(Errno) in _ = try check { unsafe rename(nextRecord, record) }
            }
            try DurableFile.syncDirectory(DurableFile.split(record).directory)
        }
        try DurableFile.remove(journal)
        // The next update removes what is left of it.
        try? Tree.remove(staging)
    }

    /// The journal is renamed first: a crash in the middle of this goes on with it, and not with the update.
    private func takeBack(_ plan: InPlacePlan) throws(FileError) {
        if try PathState(of: undoing) == .missing {
            try naming("rename \(journal) to", undoing) { () throws(Errno) in _ = try check { unsafe rename(journal, undoing) } }
            try DurableFile.syncDirectory(DurableFile.split(journal).directory)
        }
        let carrier = try InPlaceCarrier(target: target)
        for (number, operation) in plan.operations.enumerated().reversed() { try carrier.takeBack(operation, number) }
        try syncNames(plan)
        try DurableFile.remove(nextRecord)
        try DurableFile.remove(undoing)
        try? Tree.remove(staging)
    }

    /// Somebody has taken the staging directory away: neither way is left. What may have been put there belongs to deployments, and the next
    /// update looks at each name.
    private func abandon(_ plan: InPlacePlan) throws(FileError) {
        var paths = try owned() ?? []
        for operation in plan.operations {
            switch operation {
            case .directory(let path), .add(let path, _), .replace(let path, _): paths.insert(path)
            case .remove, .removeDirectory, .setAside: break
            }
        }
        try DurableFile.write(OwnedPaths.encoded(paths, of: target), to: record, mode: 0o600)
        try DurableFile.remove(nextRecord)
        try DurableFile.remove(journal)
        try DurableFile.remove(undoing)
    }

    // Durability: of what this update has made, for a small one, since syncing the file system waits for everybody's writes.

    private static let smallUpdate = 500

    private func syncStaged(_ plan: InPlacePlan) throws(FileError) {
        guard plan.operations.count <= Self.smallUpdate else { return try DurableFile.syncFileSystem(of: target) }
        let root = try Directories.open(staging)
        for number in plan.operations.compactMap(\.stagedFile) {
            let name = EntryName(String(number))
            try naming("sync", staging + "/\(number)") { () throws(Errno) in
                // A link has nothing but its name.
                if try Directories.status(name.bytes, in: root).kind == S_IFLNK { return }
                let raw = root.rawValue
                let file = Descriptor(
                    owning: try check { unsafe pinfold_openat(raw, name.bytes, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0) })
                let number = file.rawValue
                _ = try check { fsync(number) }
            }
        }
        try DurableFile.syncDirectory(staging)
        try DurableFile.syncDirectory(target)
    }

    private func syncNames(_ plan: InPlacePlan) throws(FileError) {
        guard plan.operations.count <= Self.smallUpdate else { return try DurableFile.syncFileSystem(of: target) }
        let root = try Directories.open(target)
        var parents: Set<[UInt8]> = []
        for operation in plan.operations {
            let path = operation.path
            if let slash = path.lastIndex(of: 0x2F) { parents.insert(Array(path[..<slash])) }
        }
        for parent in parents {
            try naming("sync", target + "/" + String(decoding: parent, as: UTF8.self)) { () throws(Errno) in
                do throws(Errno) {
                    let directory = try PathInside.open(parent, in: root, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    let raw = directory.rawValue
                    _ = try check { fsync(raw) }
                } catch {
                    // It was removed after what was in it: then its own parent is in the list.
                    guard PathInside.isNowhere(error) else { throw error }
                }
            }
        }
        try DurableFile.syncDirectory(target)
    }
}

extension InPlaceUpdate {
    /// What the target shall become.
    package struct Wish: Sendable {
        /// The tree as it shall be; files in it keep the permissions that they have there.
        package var source: String
        /// Paths that count; everything else is left as it is. nil: all of `source`.
        package var only: Set<[UInt8]>?
        /// Paths that earlier deployments put there: those that `source` does not have are removed.
        package var owned: Set<[UInt8]>
        /// Paths that may be replaced although no deployment put them there, but are never removed: an installation that is taken over.
        /// nil: any.
        package var replaceable: Set<[UInt8]>?
        /// Whether what stands in the way is moved to a name beside it. Else it is an error, and nothing is changed.
        package var setsAside: Bool
        /// Whether nothing belongs to deployments afterwards.
        package var isForgotten: Bool

        package init(
            source: String, only: Set<[UInt8]>? = nil, owned: Set<[UInt8]>, replaceable: Set<[UInt8]>? = [],
            setsAside: Bool = false,
            isForgotten: Bool = false
        ) {
            self.source = source
            self.only = only
            self.owned = owned
            self.replaceable = replaceable
            self.setsAside = setsAside
            self.isForgotten = isForgotten
        }
    }

    /// What an error about something in the way is about: see `FileError.operation`.
    package static let conflict = "deploy over what no deployment put there:"
}
