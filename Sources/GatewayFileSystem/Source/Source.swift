internal import CLinux
internal import FuseSession
package import LinuxSystem
internal import Synchronization
package import SystemPackage

/// What a plane serves: its own clone of a tree of mounts, reached by descriptors and file handles, never by a path from `/`.
@safe package final class Source: @unchecked Sendable {
    // @unchecked: `mounts` is written under a lock and read where the order is given, as said there.

    /// Found by a look at a name.
    struct Found {
        let status: FileStatus
        let handle: FileHandle
        let mount: Mount
    }

    /// Called with each mount of the clone when something of it is first found, on a thread that serves a request; sets `Mount.isWatched`
    /// if its changes are reported from then on.
    package typealias MountHandler = @Sendable (Mount) -> Void

    let cache: DescriptorCache
    /// What the kernel reads and writes by itself, in a zone: it keeps the inode as a cached descriptor does.
    let backing: RecentlyUsed<BackingFile>
    let streams: DirectoryStreams
    private let sealedDevices: SealedDevices
    private let mountsByNumber: Lock<[UInt64: Mount]>
    // Written under `mountsByNumber`, each element once, before a node that names it is made: read without the lock.
    private let mounts: UnsafeMutablePointer<Unmanaged<Mount>?>
    private static let mountCapacity = 4096
    private let handler: MountHandler
    /// Where files without handles are found again: parent and name.
    private let paths: RememberedPaths
    private let usesHandles: Bool
    package let rootMount: Mount
    let rootHandle: FileHandle
    let rootStatus: FileStatus
    /// The root, for as long as the plane lives.
    let root: SharedDescriptor

    /// - Parameters:
    ///   - root: any descriptor of the clone's root directory, an O_PATH one as `open_tree` gives it too.
    ///   - descriptors: how many may be kept open.
    ///   - usesHandles: false keeps to descriptors and names, as on filesystems without handles.
    ///   - kept: where the mounts are kept; those that are there already are gone on with.
    /// - Throws: ESTALE where `root` is not the directory that was served.
    package init(
        root location: borrowing Descriptor, descriptors: Int, usesHandles: Bool = true, kept: KeptPlane? = nil,
        mountHandler: @escaping MountHandler = { _ in }
    ) throws(Errno) {
        let rows = kept?.isUsed == true ? kept?.knownMounts ?? [] : []
        // open_by_handle_at refuses O_PATH descriptors.
        let anchor: SharedDescriptor
        if let kept = Self.anchor(rows.first) {
            anchor = kept
        } else {
            anchor = SharedDescriptor(try location.open(".", [.directory, .readOnly]))
        }
        root = anchor
        rootStatus = try anchor.descriptor.status()
        self.kept = kept
        paths = RememberedPaths(kept)
        cache = DescriptorCache(capacity: descriptors / 2)
        backing = RecentlyUsed(capacity: 256)
        streams = DirectoryStreams(capacity: min(descriptors / 8, 64))
        sealedDevices = SealedDevices()
        handler = mountHandler
        self.usesHandles = usesHandles
        let handle: FileHandle? = usesHandles ? try? FileHandle.of(anchor.descriptor) : nil
        rootHandle = handle ?? .numbers(device: rootStatus.fileSystem, inode: rootStatus.inode)
        if let first = rows.first, first.number != rootStatus.mount || kept?.rootHandle != rootHandle {
            throw .staleNFSFileHandle
        }
        unsafe mounts = .allocate(capacity: Self.mountCapacity)
        unsafe mounts.initialize(repeating: nil, count: Self.mountCapacity)
        rootMount = Mount(
            index: 0, number: rootStatus.mount, device: rootStatus.fileSystem, anchor: handle == nil ? nil : anchor, isSealed: false
        )
        unsafe mounts[0] = Unmanaged.passRetained(rootMount)
        mountsByNumber = Lock([rootStatus.mount: rootMount])
        if rows.isEmpty { keep(rootMount) }
        handler(rootMount)
        for row in rows.dropFirst() { adopt(row) }
    }

    deinit {
        for index in 0..<Self.mountCapacity { unsafe mounts[index]?.release() }
        unsafe mounts.deallocate()
    }

    // MARK: Mounts

    /// The mount with this index, which a node named.
    @inline(__always)
    package func mount(_ index: UInt16) -> Mount {
        // A node's index was written before the node was made, and never changes.
        unsafe mounts[Int(index)].unsafelyUnwrapped.takeUnretainedValue()
    }

    /// Where the mounts are kept.
    private let kept: KeptPlane?

    private func keep(_ mount: Mount) {
        kept?.add(
            KeptMount(
                number: mount.number, device: mount.device, anchor: mount.anchor?.descriptor.rawValue ?? -1,
                isSealed: mount.isSealed ? 1 : 0), at: Int(mount.index))
    }

    /// The descriptor that a predecessor opened on the mount.
    private static func anchor(_ row: KeptMount?) -> SharedDescriptor? {
        guard let row, row.anchor >= 0 else { return nil }
        return SharedDescriptor(Descriptor(owning: row.anchor))
    }

    /// Goes on with a mount that a predecessor found something on.
    private func adopt(_ row: KeptMount) {
        let anchor = Self.anchor(row)
        let made = mountsByNumber.withLock { known -> Mount in
            let mount = Mount(
                index: UInt16(known.count), number: row.number, device: row.device, anchor: anchor, isSealed: row.isSealed != 0)
            unsafe mounts[known.count] = Unmanaged.passRetained(mount)
            known[row.number] = mount
            return mount
        }
        if !made.isSealed { handler(made) }
    }

    /// All mounts of which something was found.
    package var knownMounts: [Mount] { mountsByNumber.withLock { Array($0.values) } }

    /// The mount whose root is `name` in `directory`.
    private func enterMount(_ name: borrowing PathBytes, in directory: borrowing Descriptor, _ status: FileStatus) throws(Errno)
        -> Mount
    {
        if let known = mountsByNumber.withLock({ $0[status.mount] }) { return known }
        let isSealed = sealedDevices.contains(status.fileSystem)
        var anchor: SharedDescriptor?
        if !isSealed, usesHandles, status.kind == .directory {
            // O_DIRECTORY: should the name be something else by now, nothing is opened.
            let opened = try directory.open(name, [.directory, .readOnly, .noFollow, .nonBlocking])
            let inside = try opened.status()
            guard inside.mount == status.mount else { throw .staleNFSFileHandle }
            if (try? FileHandle.of(opened)) != nil { anchor = SharedDescriptor(opened) }
        }
        let made = mountsByNumber.withLock { known -> Mount? in
            if let mount = known[status.mount] { return mount }
            guard known.count < Self.mountCapacity else { return nil }
            let mount = Mount(
                index: UInt16(known.count), number: status.mount, device: status.fileSystem, anchor: anchor, isSealed: isSealed)
            keep(mount)
            unsafe mounts[known.count] = Unmanaged.passRetained(mount)
            known[status.mount] = mount
            return mount
        }
        guard let made else { throw .tooManyOpenFilesInSystem }
        if !isSealed { handler(made) }
        return made
    }

    // MARK: Looking

    /// Where it is said which changes are to be reported, before it is looked at what is there: set by `PlaneFiles`, before anybody asks for a file.
    var filter: InterestFilter?

    /// What `name` in `directory`, which is on `mount`, is.
    @inline(__always)
    func find(_ name: borrowing PathBytes, in directory: borrowing Descriptor, on mount: Mount) throws(Errno) -> Found {
        if mount.anchor != nil, let handle = try handle(of: name, in: directory, on: mount) {
            filter?.add(handle)
            let status = try directory.status(of: name, local: true)
            // Two looks at a name may see two files: then the status must come from the very file.
            if handle.isOf(inode: status.inode), status.mount == mount.number {
                return Found(status: status, handle: handle, mount: mount)
            }
            return try findSlowly(name, in: directory, on: mount, status)
        }
        return try findSlowly(name, in: directory, on: mount, try directory.status(of: name, local: true))
    }

    /// Nil where something is mounted there, or the file has none.
    @inline(__always)
    private func handle(
        of name: borrowing PathBytes, in directory: borrowing Descriptor, on mount: Mount
    ) throws(Errno) -> FileHandle? {
        do throws(Errno) {
            let (handle, number) = try FileHandle.of(name, in: directory)
            return number == Int32(truncatingIfNeeded: mount.number) ? handle : nil
        } catch {
            // As a look at it would say.
            if error == .noSuchFileOrDirectory { throw error }
            return nil
        }
    }

    private func findSlowly(
        _ name: borrowing PathBytes, in directory: borrowing Descriptor, on mount: Mount, _ first: FileStatus
    ) throws(Errno) -> Found {
        let there = first.mount == mount.number ? mount : try enterMount(name, in: directory, first)
        if there.isSealed {
            return Found(status: first, handle: .numbers(device: first.fileSystem, inode: first.inode), mount: there)
        }
        let location = try directory.open(name, [.path, .noFollow])
        let handle = there.anchor == nil ? nil : try? FileHandle.of(location)
        if let handle { filter?.add(handle) }
        let status = try location.status()
        guard status.mount == there.number else { throw .staleNFSFileHandle }
        return Found(
            status: status, handle: handle ?? .numbers(device: status.fileSystem, inode: status.inode), mount: there)
    }

    /// The handle of a directory on the root's mount that is open, or what stands for it.
    func handle(of directory: borrowing Descriptor) throws(Errno) -> FileHandle {
        if rootMount.anchor != nil { return try FileHandle.of(directory) }
        let status = try directory.status()
        return .numbers(device: status.fileSystem, inode: status.inode)
    }

    // MARK: Opening

    /// Opens the file of `node` with `flags`; ESTALE where it is gone. `.path` for all kinds, others for regular files and directories alone.
    func open(_ id: NodeID, _ node: Node, _ flags: OpenFlags) throws(Errno) -> Descriptor {
        let mount = mount(node.mount)
        if mount.isSealed { throw .permissionDenied }
        if !flags.contains(.path), !node.isRegular, !node.isDirectory { throw .noSuchAddressOrDevice }
        if node.handle.isHandle, let anchor = mount.anchor {
            // O_NONBLOCK: the file is what it was when it was found, an inode does not change its kind; it costs nothing to be sure.
            return try node.handle.open(
                through: anchor.descriptor, flags.contains(.path) ? flags : flags.union([.nonBlocking, .noFollow]))
        }
        let location = try openByName(id, node, depth: 0)
        return flags.contains(.path) ? location : try location.reopen(flags)
    }

    /// Files without handles: by the name that they were found under, if it still leads to the same inode.
    private func openByName(_ id: NodeID, _ node: Node, depth: Int) throws(Errno) -> Descriptor {
        if id == .root { return try root.descriptor.duplicate() }
        guard depth < 256, let path = paths.find(id), let nodes = nodes.withLock({ $0 }),
            let parent = nodes.node(path.parent)
        else { throw .staleNFSFileHandle }
        let directory = try location(path.parent, parent, depth: depth + 1)
        let found = try path.name.withPathBytes { name throws(Errno) in try directory.descriptor.open(name, [.path, .noFollow]) }
        let status = try found.status()
        guard FileHandle.numbers(device: status.fileSystem, inode: status.inode) == node.handle else { throw .staleNFSFileHandle }
        return found
    }

    /// Where `openByName` finds the parent's node: set by `PlaneFiles`.
    let nodes = Lock<NodeTable?>(nil)

    func rememberPath(_ id: NodeID, parent: NodeID, name: borrowing PathBytes) {
        paths.remember(id, parent: parent, name: name)
    }

    /// An O_PATH descriptor of `node`, from the cache if it is there.
    @inline(__always)
    func location(_ id: NodeID, _ node: Node) throws(Errno) -> SharedDescriptor { try location(id, node, depth: 0) }

    private func location(_ id: NodeID, _ node: Node, depth: Int) throws(Errno) -> SharedDescriptor {
        if id == .root { return root }
        if let known = cache.find(id, .location) { return known }
        let made: Descriptor
        if node.handle.isHandle { made = try open(id, node, .path) } else { made = try openByName(id, node, depth: depth) }
        let shared = SharedDescriptor(made)
        cache.keep(shared, id, .location)
        dropGone(id)
        return shared
    }

    /// A descriptor of `node`, a regular file or a directory, open for reading.
    func reading(_ id: NodeID, _ node: Node) throws(Errno) -> SharedDescriptor {
        if let known = cache.find(id, .reading) { return known }
        let shared = SharedDescriptor(try open(id, node, .readOnly))
        cache.keep(shared, id, .reading)
        dropGone(id)
        return shared
    }

    /// Whether nodes are marked as gone here: in zones with a quota.
    private let marksGone = Atomic(false)

    /// Nodes are marked as gone from here on, and what is cached of them is dropped.
    func startMarkingGone() { marksGone.store(true, ordering: .relaxed) }

    /// What was cached a moment after the file was gone would keep its space.
    func dropGone(_ id: NodeID) {
        guard marksGone.load(ordering: .relaxed), let node = nodes.withLock({ $0 })?.node(id),
            node.flags.contains(.gone)
        else { return }
        drop(id, node)
    }

    /// The kernel forgot the file.
    func drop(_ id: NodeID, _ node: Node) {
        // Or a deleted file would keep its space for as long as its descriptor stays in the cache.
        cache.drop(id)
        backing.drop(id.rawValue)
        if node.isDirectory { streams.drop(id) }
        if !node.handle.isHandle { paths.drop(id) }
    }
}
