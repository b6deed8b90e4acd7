internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The directories of a zone by their file handles: what says whether a change somewhere on the disk is one in the zone, and what its path is, also when all of
/// it is gone by the time that it is looked at. Nothing is opened to find that out.
///
/// Kept by the reports themselves, which come in the order of the changes. One thread's.
struct ZoneDirectories: ~Copyable {
    private struct Place {
        let parent: FileHandle
        let name: [UInt8]
    }

    /// The zone's directory, open for reading, through a mount that shows only it.
    private let root: SharedDescriptor
    private let rootHandle: FileHandle
    /// Where it is said that changes in a directory are to be reported.
    private let filter: InterestFilter
    private var places: [FileHandle: Place] = [:]
    /// Levels, and bytes of a path, that are followed. The kernel gives no longer path either (PATH_MAX).
    private static let (deepest, longest) = (256, 4096)
    /// Some 150 bytes each.
    private static let most = 200_000
    /// Whether there are more of them than are kept: what is done in those is not told.
    private(set) var isFull = false

    init(_ root: SharedDescriptor, _ handle: FileHandle, _ filter: InterestFilter) {
        self.root = root
        rootHandle = handle
        self.filter = filter
        filter.add(handle)
    }

    /// The path of a directory from the zone's, empty for that one itself; nil where it does not lie in the zone.
    ///
    /// `//inode/N` for one that lies deeper than anybody means it: the agent must not make a report dear by where it makes it.
    func path(_ directory: FileHandle) -> [UInt8]? {
        var names: [[UInt8]] = []
        var length = 0
        var handle = directory
        while handle != rootHandle {
            guard let place = places[handle] else { return nil }
            length += place.name.count + 1
            if names.count == Self.deepest || length > Self.longest {
                return Array("//inode/\(status(directory).map { String($0.inode) } ?? "unknown")".utf8)
            }
            names.append(place.name)
            handle = place.parent
        }
        return names.reversed().reduce(into: []) { path, name in path += [UInt8(ascii: "/")] + name }
    }

    /// A directory has this name now, and was made or moved.
    mutating func add(_ directory: FileHandle, in parent: FileHandle, named name: [UInt8]) {
        guard places.count < Self.most || places[directory] != nil else {
            isFull = true
            return
        }
        filter.add(directory)
        places[directory] = Place(parent: parent, name: name)
    }

    mutating func remove(_ directory: FileHandle) { places[directory] = nil }

    /// Learns all anew: of what is known, some may be gone without a report.
    mutating func learn() {
        places = [:]
        isFull = false
        learn(below: rootHandle)
    }

    /// Learns all that is below a directory of the zone, where it was not watched before.
    mutating func learn(below directory: FileHandle) {
        let reader = DirectoryReader()
        var waiting = [directory]
        while let next = waiting.popLast() {
            // Gone, or no directory that may be read: nobody can be in it either.
            guard let opened = try? next.open(through: root.descriptor, Self.flags) else {
                continue
            }
            try? reader.read(opened, from: 0) { entry throws(Errno) in
                guard entry.type == UInt8(DT_DIR) || entry.type == UInt8(DT_UNKNOWN), !entry.name.isDotOrDotDot,
                    let found = try? FileHandle.of(entry.name, in: opened).handle
                else { return true }
                if entry.type == UInt8(DT_UNKNOWN), (try? opened.status(of: entry.name).kind) != .directory { return true }
                add(found, in: next, named: entry.name.array)
                if !isFull { waiting.append(found) }
                return true
            }
        }
    }

    /// What a file is, where it is there still.
    func status(_ file: FileHandle) -> FileStatus? { try? file.open(through: root.descriptor, .path).status() }

    private static let flags: OpenFlags = [.readOnly, .directory]
}
