internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage
package import ZonePolicy

/// One plane's files: where they are, which of them the kernel knows, and which rules hold for them. What both kinds of plane read from.
package final class PlaneFiles: Sendable {
    package let policy: AccessPolicy
    package let zone: Zone
    package let nodes: NodeTable
    package let source: Source
    let remembersAbsence: Bool
    /// Files change here without a report: the kernel keeps no sizes and times of them.
    private let isLive: Bool
    let openFiles: OpenFiles
    let links = Links()
    let hidden = HiddenFiles()
    let leasePace = LeasePace()
    /// Counts the times that a directory moved to where other rules hold, or anywhere beside the mount: places of directories found before
    /// are worked out anew.
    ///
    /// Begins at 1: nodes that were kept have 0.
    let arrangement = Atomic<UInt32>(1)
    /// Whether files are being placed anew: those that are not yet are served by the rules that held before.
    let isPlacing = Atomic(false)
    /// Counts the times that the kernel was about to be told of changed data: whoever gave it some meanwhile, unasked, takes that back.
    let changes = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - zone: whose root `source` is; `.view` for the whole.
    ///   - sourcePath: the path that the policy knows the root by.
    ///   - remembersAbsence: whether the kernel may keep that a name does not exist.
    ///   - isLive: whether files change without a report.
    ///   - kept: where it is kept what the kernel knows; what is there already is gone on with.
    package convenience init(
        policy: AccessPolicy, zone: Zone, source: Source, sourcePath: String, remembersAbsence: Bool = true, isLive: Bool = false,
        kept: KeptPlane
    ) {
        self.init(
            policy: policy, zone: zone, source: source, sourcePath: sourcePath, remembersAbsence: remembersAbsence, isLive: isLive,
            kept: kept, filter: nil)
    }

    /// - Parameter filter: where it is said which changes are to be reported; nil where nobody reports any.
    init(
        policy: AccessPolicy, zone: Zone, source: Source, sourcePath: String, remembersAbsence: Bool, isLive: Bool, kept: KeptPlane,
        filter: InterestFilter?
    ) {
        self.isLive = isLive
        self.filter = filter
        source.filter = filter
        self.policy = policy
        self.remembersAbsence = remembersAbsence
        self.zone = zone
        self.source = source
        nodes = NodeTable(
            root: Node(
                handle: source.rootHandle, mount: 0, kind: .directory, place: policy.root(of: zone), epoch: 0, nameKey: 0, flags: []
            ), kept, filter: filter)
        openFiles = OpenFiles(kept)
        let nodes = nodes
        source.nodes.withLock { $0 = nodes }
        self.sourcePath = sourcePath == "/" ? [] : Array(sourcePath.utf8)
        numbers = zone == .view ? InodeNumbers(own: source.rootStatus.fileSystem) : nil
        learnHiddenFiles()
    }

    /// Where it is said which changes are to be reported.
    let filter: InterestFilter?
    private let sourcePath: [UInt8]
    /// What the view shows in the place of numbers that files of several filesystems may share; nil in zones, which lie on one each.
    private let numbers: InodeNumbers?

    func learnHiddenFiles() {
        let below = policy.hiddenLiteralPaths.compactMap { path -> [UInt8]? in
            guard path.starts(with: sourcePath) else { return nil }
            let rest = path.dropFirst(sourcePath.count)
            // Below the root, relative to it.
            return rest.first == UInt8(ascii: "/") && rest.count > 1 ? Array(rest.dropFirst()) : nil
        }
        hidden.learn(below, below: source.root.descriptor)
    }

    // MARK: Nodes and directories

    /// A directory that something is done in.
    struct Directory {
        let id: NodeID
        let node: Node
        let place: Place
        /// The arrangement that the place holds in: what is found in the directory has its place by it.
        let epoch: UInt32
        let mount: Mount
        let descriptor: SharedDescriptor
    }

    /// The node with this number; ESTALE for a forged or late one, and for one that is hidden since the kernel knows it: the kernel looks its name up again then.
    @inline(__always)
    func node(_ id: NodeID) throws(Errno) -> Node {
        guard let node = nodes.node(id) else { throw .staleNFSFileHandle }
        if node.isInDoubt { try requireShown(id, node) }
        return node
    }

    /// The directory with this number; ESTALE where it is hidden.
    @inline(__always)
    func directory(_ id: NodeID) throws(Errno) -> Directory {
        let directory = try directory(id, try node(id))
        if directory.place.isHidden { throw .staleNFSFileHandle }
        return directory
    }

    /// The same, hidden or not.
    @inline(__always)
    func directory(_ id: NodeID, _ node: Node) throws(Errno) -> Directory {
        guard node.isDirectory else { throw .notDirectory }
        let mount = source.mount(node.mount)
        // Nothing is in it, and nothing of it is opened: whoever serves it may hang.
        if mount.isSealed { throw .noSuchFileOrDirectory }
        let descriptor = try source.location(id, node)
        // Before the place is worked out: whatever moves from here on makes what is found by it be placed anew.
        let epoch = arrangement.load(ordering: .acquiring)
        let place = try place(id, node, descriptor, epoch)
        return Directory(id: id, node: node, place: place, epoch: epoch, mount: mount, descriptor: descriptor)
    }

    /// An O_PATH descriptor of a file that may have lost its name: what holds it open comes first.
    @inline(__always)
    func location(_ id: NodeID, _ node: Node) throws(Errno) -> SharedDescriptor {
        if let open = openFiles.find(id)?.location { return open }
        return try source.location(id, node)
    }

    /// A descriptor for reading, of a regular file or a directory.
    func reading(_ id: NodeID, _ node: Node) throws(Errno) -> SharedDescriptor {
        if let open = openFiles.find(id)?.location {
            if let known = source.cache.find(id, .reading) { return known }
            let shared = SharedDescriptor(try open.descriptor.reopen(.readOnly))
            source.cache.keep(shared, id, .reading)
            return shared
        }
        return try source.reading(id, node)
    }

    // MARK: Looking up

    /// Whether the kernel may keep what it has read of the file or directory from one open to the next: changes are reported.
    func keepsPages(_ id: NodeID) -> Bool { nodes.node(id).map { source.mount($0.mount).isWatched } ?? false }

    /// How long the kernel may keep what it learns of files on `mount`.
    @inline(__always)
    func lifetime(_ mount: Mount) -> Lifetime { mount.isWatched ? .long : .second }

    /// How long the kernel may keep these attributes. A write takes setuid and setgid bits, also one that the kernel passes through, and the kernel takes the mode
    /// for what it was.
    @inline(__always)
    func attributesLifetime(_ attributes: Attributes, _ mount: Mount) -> Lifetime {
        let changesUnseen = isLive || zone.isWritable && attributes.mode & 0o6000 != 0
        return changesUnseen && FileKind(mode: attributes.mode) == .regular ? .none : lifetime(mount)
    }

    /// Finds `name` in `parent` and counts a lookup of it. ENOENT for what is hidden, as for what is not there.
    @inline(__always)
    func look(_ name: borrowing PathBytes, in parent: borrowing Directory) throws(Errno) -> Entry {
        let place = policy.child(of: parent.place, named: unsafe name.bytes.span)
        if place.isHidden {
            if let status = try? parent.descriptor.descriptor.status(of: name, local: true) {
                hidden.add(status, try? FileHandle.of(name, in: parent.descriptor.descriptor).0)
            }
            throw .noSuchFileOrDirectory
        }
        for _ in 0..<Self.patience {
            let found = try source.find(name, in: parent.descriptor.descriptor, on: parent.mount)
            let (entry, counted) = try enter(found, place, name, in: parent)
            guard counted != 0 else { return entry }
            // The kernel asks for names that it is in doubt of without the directory's lock: a rename may have come between. Counted before it is
            // looked at again, the name is taken off by whichever comes last.
            if let again = try? source.find(name, in: parent.descriptor.descriptor, on: parent.mount), again.handle == found.handle
            {
                return entry
            }
            links.forget(name: counted, of: Links.number(found.handle))
            forget(entry.node, lookups: 1)
        }
        throw .staleNFSFileHandle
    }

    /// How often a name is looked at that leads elsewhere each time.
    private static var patience: Int { 16 }

    /// Makes what was found known, with one lookup more; answers also what its name was counted as, 0 where it was not.
    @inline(__always)
    func enter(
        _ found: Source.Found, _ place: Place, _ name: borrowing PathBytes, in parent: borrowing Directory
    ) throws(Errno) -> (Entry, counted: UInt64) {
        let kind = found.status.kind
        let hasNames = found.status.links > 1 && kind != .directory
        if hasNames, hidden.contains(found.status, found.handle) { throw .noSuchFileOrDirectory }
        let key = zone.isWritable && kind != .directory ? unsafe Links.key(parent.node.handle, name.bytes) : 0
        var node = Node(
            handle: found.handle, mount: found.mount.index, kind: kind, place: place, epoch: parent.epoch, nameKey: key,
            flags: hasNames ? .severalNames : [])
        let id = try nodes.enter(&node, keepingStricter: hasNames)
        let counted = node.flags.contains(.severalNames) ? key : 0
        if counted != 0 { links.saw(counted, of: Links.number(found.handle)) }
        if !found.handle.isHandle { source.rememberPath(id, parent: parent.id, name: name) }
        let shown = attributes(found.status, found.mount) { try? parent.descriptor.descriptor.open(name, [.path, .noFollow]) }
        return (
            Entry(
                node: id, attributes: shown, attributesLifetime: attributesLifetime(shown, found.mount),
                entryLifetime: lifetime(found.mount)), counted
        )
    }

    /// The attributes that are shown: the file's own, but for its number where that is another file's too.
    ///
    /// - Parameter file: opens the file; asked once for each filesystem.
    @inline(__always)
    func attributes(_ status: FileStatus, _ mount: Mount, _ file: () -> Descriptor?) -> Attributes {
        var attributes = Attributes(status)
        attributes.inode = inode(status.inode, of: status.fileSystem, mount, file)
        if mount.isSealed {
            attributes.mode = 0o040555
            attributes.links = 2
            attributes.size = 0
        }
        return attributes
    }

    /// The number that is shown for `inode` of the filesystem `device`, which `file` opens a file of.
    @inline(__always)
    func inode(_ inode: UInt64, of device: UInt64, _ mount: Mount, _ file: () -> Descriptor?) -> UInt64 {
        guard let numbers, device != numbers.own else { return inode }
        // What is sealed is not touched.
        return numbers.shown(inode, of: device) { mount.isSealed ? nil : file() }
    }

    func forget(_ id: NodeID, lookups: UInt64) {
        guard let last = nodes.forget(id, lookups: lookups) else { return }
        source.drop(id, last)
        links.forget(last)
    }

    /// The last name and the last open of the file are gone: nothing here may keep its space.
    func letGo(_ id: NodeID) {
        nodes.update(id) { $0.flags.insert(.gone) }
        source.dropGone(id)
    }

    /// Goes on with the files that a predecessor had open; answers their numbers.
    func adoptOpenFiles(_ backing: BackingFiles) -> [NodeID] {
        let wanted = openFiles.keptBackings
        let registered = backing.adopt { wanted.contains($0) }
        let open = openFiles.adopt {
            registered[$0]
        } isKnown: {
            nodes.node($0) != nil
        }
        return open.map(\.0)
    }
}
