internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Brings an existing directory to the state of a tree, file by file by rename, leaving alone what is not its own.
///
/// The order makes each crash harmless. Everything that takes space is written first, into a staging directory inside the target, and synced;
/// then the journal; only then names change, and that needs no space but for directories. A crash before the journal leaves the old version
/// and a staging directory, which the next start removes. A crash after it leaves a mixture, which `finish` completes from the journal:
/// every operation can be done again.
package struct InPlaceUpdate: Sendable {
    package static let stagingName = ".pinfold-staging"

    /// The directory that the server runs from.
    package let target: String
    /// The journal: on the daemon's own ground.
    package let journal: String

    package init(target: String, journal: String) {
        self.target = target
        self.journal = journal
    }

    /// Whether an update was begun whose names may have changed in part.
    package func isUnfinished() throws(FileError) -> Bool {
        try DurableFile.read(journal, limit: 1 << 30) != nil
    }

    /// Whether nothing of an update is there: after a failed first attempt, that none had begun to change names.
    package func hasLeftNothing() throws(FileError) -> Bool {
        if try isUnfinished() { return false }
        return try FileKind(of: target + "/" + Self.stagingName) == .missing
    }

    /// Writes everything that differs beside its place, then the journal. Returns how many names will change.
    ///
    /// - Parameters:
    ///   - source: the tree as it shall be; files in it keep the permissions that they have there.
    ///   - only: paths that count; everything else is left as it is. nil: all of `source`.
    ///   - owned: paths that earlier deployments put there: those that `source` does not have are removed.
    package func prepare(from source: String, only: Set<[UInt8]>? = nil, owned: Set<[UInt8]>) throws(FileError) -> Int {
        let staging = target + "/" + Self.stagingName
        try Tree.remove(staging)
        try DurableFile.makeDirectory(staging, mode: 0o700)
        do throws(FileError) {
            let plan = try plan(from: source, only: only, owned: owned, staging: staging)
            try syncStaged(plan, in: staging)
            try DurableFile.write(plan.encoded, to: journal, mode: 0o600)
            return plan.operations.count
        } catch {
            try? Tree.remove(staging)
            throw error
        }
    }

    /// Carries out the journal, or what a crash left of it, and removes it. Nothing to do is success.
    package func finish(fault: (String) -> Void = { _ in }) throws(FileError) {
        guard let bytes = try DurableFile.read(journal, limit: 1 << 30) else {
            try Tree.remove(target + "/" + Self.stagingName)
            return
        }
        guard let plan = InPlacePlan(encoded: bytes) else { throw FileError("understand the journal", journal, .invalidArgument) }
        let root = try Directories.open(target)
        var half = plan.operations.count / 2
        for operation in plan.operations {
            try apply(operation, in: root)
            half -= 1
            if half == 0 { fault("inside") }
        }
        try syncNames(plan, in: root)
        try DurableFile.remove(journal)
        try Tree.remove(target + "/" + Self.stagingName)
    }

    // Durability: of what this update has made, for a small one, since syncing the file system waits for everybody's writes.

    private static let smallUpdate = 500

    private func syncStaged(_ plan: InPlacePlan, in staging: String) throws(FileError) {
        guard plan.operations.count <= Self.smallUpdate else { return try DurableFile.syncFileSystem(of: target) }
        let root = try Directories.open(staging)
        for case .put(_, let number) in plan.operations {
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

    private func syncNames(_ plan: InPlacePlan, in root: borrowing Descriptor) throws(FileError) {
        guard plan.operations.count <= Self.smallUpdate else { return try DurableFile.syncFileSystem(of: target) }
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
                    guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
                }
            }
        }
        try DurableFile.syncDirectory(target)
    }

    // Planning.

    private func plan(from source: String, only: Set<[UInt8]>?, owned: Set<[UInt8]>, staging: String) throws(FileError)
        -> InPlacePlan
    {
        let root = try Directories.open(target)
        let wanted = try Tree.entries(source).filter { only?.contains($0.path) ?? true }
        let sourceRoot = try Directories.open(source)
        let stagingRoot = try Directories.open(staging)
        let names = Set(wanted.map(\.path))
        var operations: [InPlacePlan.Operation] = []
        // Longest first, so that directories are empty when their turn comes.
        for path in owned.subtracting(names).sorted(by: { $1.lexicographicallyPrecedes($0) }) {
            operations.append(.remove(path))
        }
        var number = 0
        for entry in wanted {
            switch entry.kind {
            case .directory:
                switch try PathInside.kind(entry.path, in: root) {
                case .directory: break
                case .missing: operations.append(.directory(entry.path))
                default:
                    guard owned.contains(entry.path) else { throw conflict(entry) }
                    operations.append(.remove(entry.path))
                    operations.append(.directory(entry.path))
                }
            case .file, .link:
                if try PathInside.isSame(entry, source: sourceRoot, target: root) { continue }
                if try PathInside.kind(entry.path, in: root) == .directory {
                    // Only what earlier deployments put there may make way: the removals above have to leave it empty.
                    guard owned.contains(entry.path) else { throw conflict(entry) }
                    operations.append(.remove(entry.path))
                }
                number += 1
                try PathInside.stage(entry, from: sourceRoot, to: stagingRoot, as: String(number))
                operations.append(.put(entry.path, staged: number))
            case .special: throw FileError("deploy the special file", entry.description, .notSupported)
            }
        }
        return InPlacePlan(operations: operations)
    }

    private func conflict(_ entry: TreeEntry) -> FileError {
        FileError("deploy over what no deployment put there:", target + "/" + entry.description, .fileExists)
    }

    // Carrying out: every operation again after a crash comes to the same end.

    /// nil where the directory of something that goes is gone already.
    private func parent(for operation: InPlacePlan.Operation, in root: borrowing Descriptor) throws(Errno) -> Descriptor? {
        do {
            return try PathInside.parent(of: operation.path, in: root)
        } catch {
            if case .remove = operation, error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
            throw error
        }
    }

    private func apply(_ operation: InPlacePlan.Operation, in root: borrowing Descriptor) throws(FileError) {
        let path = operation.path
        try naming("update", target + "/" + String(decoding: path, as: UTF8.self)) { () throws(Errno) in
            guard let parent = try parent(for: operation, in: root) else { return }
            let raw = parent.rawValue
            let name = PathInside.name(of: path)
            switch operation {
            case .directory:
                if unsafe mkdirat(raw, name, 0o755) == -1, Errno.current != .fileExists { throw Errno.current }
                _ = unsafe fchmodat(raw, name, 0o755, 0)
            case .remove:
                if unsafe unlinkat(raw, name, 0) == 0 { return }
                let code = Errno.current
                if code == .noSuchFileOrDirectory { return }
                guard code == .isDirectory else { throw code }
                // A directory with files of somebody else stays.
                if unsafe unlinkat(raw, name, Int32(AT_REMOVEDIR)) == -1 {
                    let code = Errno.current
                    guard code == .directoryNotEmpty || code == .noSuchFileOrDirectory else { throw code }
                }
            case .put(_, let number):
                let rootRaw = root.rawValue
                let staged = EntryName(Self.stagingName + "/" + String(number)).bytes
                do throws(Errno) {
                    _ = try check { unsafe renameat(rootRaw, staged, raw, name) }
                } catch {
                    // Renamed before the crash.
                    guard error == .noSuchFileOrDirectory else { throw error }
                }
            }
        }
    }
}
