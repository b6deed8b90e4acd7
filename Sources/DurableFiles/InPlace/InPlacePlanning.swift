internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Finds out what an update has to do, and stages what it puts there. The target is only looked at.
struct InPlacePlanning {
    private let wish: InPlaceUpdate.Wish
    private let target: String
    private let forbidden: Set<Tree.FileIdentity>
    private let root: SharedDescriptor
    private let source: SharedDescriptor
    private let staging: SharedDescriptor

    private var operations: [InPlacePlan.Operation] = []
    /// What will be gone before anything is put: removed, or moved aside with all that is below it.
    private var removed: Set<[UInt8]> = []
    private var displaced: [[UInt8]] = []
    private var stagedCount = 0
    /// What deployments own once it is done.
    private(set) var ownedAfterwards: Set<[UInt8]> = []

    init(_ wish: InPlaceUpdate.Wish, of update: InPlaceUpdate, staging: String) throws(FileError) {
        self.wish = wish
        target = update.target
        forbidden = update.forbidden
        root = SharedDescriptor(try Directories.open(update.target))
        source = SharedDescriptor(try Directories.open(wish.source))
        self.staging = SharedDescriptor(try Directories.open(staging))
    }

    mutating func plan() throws(FileError) -> InPlacePlan {
        let wanted = try Tree.entries(wish.source).filter { wish.only?.contains($0.path) ?? true }
        let names = Set(wanted.map(\.path))
        // Longest first, so that directories are empty when their turn comes.
        for path in wish.owned.subtracting(names).sorted(by: { $1.lexicographicallyPrecedes($0) }) {
            switch try PathInside.kind(path, in: root.descriptor) {
            case .missing: continue
            case .directory: operations.append(.removeDirectory(path))
            case .other: operations.append(.remove(path))
            }
            removed.insert(path)
        }
        for entry in wanted {
            if entry.path.starts(with: InPlaceUpdate.stagingName.utf8) {
                throw FileError("deploy a name that updates in place use:", target + "/" + entry.description, .fileExists)
            }
            try makeParents(of: entry.path)
            switch entry.kind {
            case .directory: try directory(entry)
            case .file, .link: try file(entry)
            case .special: throw FileError("deploy the special file", entry.description, .notSupported)
            }
        }
        return InPlacePlan(operations: operations)
    }

    private mutating func directory(_ entry: TreeEntry) throws(FileError) {
        switch try kind(entry.path) {
        case .directory:
            if try isForbidden(entry.path) {
                throw FileError("deploy into the data of Pinfold or of the agent:", target + "/" + entry.description, .notPermitted)
            }
            // One that somebody else made is shared with them.
            if isOurs(entry.path) { ownedAfterwards.insert(entry.path) }
            return
        case .missing: break
        case .other: try makeWay(entry, by: .remove(entry.path))
        }
        operations.append(.directory(entry.path))
        ownedAfterwards.insert(entry.path)
    }

    private mutating func file(_ entry: TreeEntry) throws(FileError) {
        let there = try kind(entry.path)
        if there == .other, try PathInside.isSame(entry, source: source.descriptor, target: root.descriptor) {
            // The same bytes by somebody else's hand stay theirs.
            if isOurs(entry.path) { ownedAfterwards.insert(entry.path) }
            return
        }
        var isNew = there == .missing
        if there == .directory {
            try makeWay(entry, by: try isEmptied(entry.path) ? .removeDirectory(entry.path) : nil)
            isNew = true
        } else if there == .other, !isOurs(entry.path) {
            try makeWay(entry, by: nil)
            isNew = true
        }
        stagedCount += 1
        try PathInside.stage(entry, from: source.descriptor, to: staging.descriptor, as: String(stagedCount))
        operations.append(isNew ? .add(entry.path, staged: stagedCount) : .replace(entry.path, staged: stagedCount))
        ownedAfterwards.insert(entry.path)
    }

    /// - Parameter removal: how it goes where a deployment put it there; nil where it cannot go so.
    private mutating func makeWay(_ entry: TreeEntry, by removal: InPlacePlan.Operation?) throws(FileError) {
        if let removal, isOurs(entry.path) {
            operations.append(removal)
        } else if wish.setsAside {
            operations.append(.setAside(entry.path, number: try freeNumber(beside: entry.path)))
            displaced.append(entry.path)
        } else {
            throw FileError(InPlaceUpdate.conflict, target + "/" + entry.description, .fileExists)
        }
    }

    /// Directories above something that is put back alone, and that somebody has removed meanwhile.
    private mutating func makeParents(of path: [UInt8]) throws(FileError) {
        guard wish.only != nil else { return }
        for slash in path.indices where path[slash] == 0x2F {
            let above = Array(path[..<slash])
            if ownedAfterwards.contains(above) { continue }
            guard try kind(above) == .missing else { continue }
            operations.append(.directory(above))
            ownedAfterwards.insert(above)
        }
    }

    private func kind(_ path: [UInt8]) throws(FileError) -> PathInside.Kind {
        if displaced.contains(where: { path.count > $0.count && path.starts(with: $0 + [0x2F]) }) { return .missing }
        return try PathInside.kind(path, in: root.descriptor)
    }

    private func isOurs(_ path: [UInt8]) -> Bool {
        wish.owned.contains(path) || wish.replaceable?.contains(path) ?? true
    }

    /// Whether nothing will be left in the directory when what is removed is gone.
    private func isEmptied(_ path: [UInt8]) throws(FileError) -> Bool {
        let names = try naming("list", target + "/" + PathInside.text(path)) { () throws(Errno) in
            try Directories.names(in: PathInside.open(path, in: root.descriptor, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        }
        for name in names {
            let below = path + [0x2F] + name.bytes.dropLast().map { UInt8(bitPattern: $0) }
            guard removed.contains(below) else { return false }
            if try PathInside.kind(below, in: root.descriptor) == .directory, try !isEmptied(below) { return false }
        }
        return true
    }

    private func isForbidden(_ path: [UInt8]) throws(FileError) -> Bool {
        guard !forbidden.isEmpty else { return false }
        return try naming("look at", target + "/" + PathInside.text(path)) { () throws(Errno) in
            let directory = try PathInside.open(path, in: root.descriptor, flags: pinfold_O_PATH | O_DIRECTORY | O_CLOEXEC)
            var status = stat()
            let raw = directory.rawValue
            _ = try check { unsafe fstat(raw, &status) }
            return forbidden.contains(Tree.FileIdentity(status))
        }
    }

    private func freeNumber(beside path: [UInt8]) throws(FileError) -> Int {
        for number in 1...9999 {
            if try PathInside.kind(InPlaceCarrier.aside(path, number), in: root.descriptor) == .missing { return number }
        }
        throw FileError("move aside", target + "/" + PathInside.text(path), .fileExists)
    }
}
