internal import CLinux
package import FuseSession
package import LinuxSystem
internal import Synchronization
package import SystemPackage
internal import ZonePolicy

/// One writable zone: everything that a disk filesystem does, as the caller, on the clone of that one directory.
///
/// Every method that changes something asks the policy, through `permit`, in the same few lines: find the node or directory, permit, one system call on its
/// descriptor. No change is allowed anywhere else.
package final class ZonePlane: FileSystem {
    package let files: PlaneFiles
    let arrangement = ArrangementLock()
    let afterthoughts = Afterthoughts()
    /// Held by who looks for the names of a file: others who miss names wait for what is found, over the system calls of a walk.
    let search = Lock(())
    private let connection = Lock<Connection?>(nil)
    private let features = Atomic<UInt32>(0)
    /// How many inodes may be held open by descriptors of this process; beyond that backing files alone hold them.
    let pinnedLimit: Int
    /// Descriptors for writing of open files that have none of their own.
    let writers: RecentlyUsed<SharedDescriptor>
    let audit: ZoneAudit?
    /// What counts against the zone's quota; nil where it has none.
    let usage: ZoneUsage?

    /// - Parameters:
    ///   - descriptors: how many descriptors may be kept open for open files.
    ///   - audit: where changes and refusals are recorded; nil for nowhere.
    ///   - usage: what counts against the zone's quota; nil for none.
    package init(_ files: PlaneFiles, descriptors: Int, audit: ZoneAudit? = nil, usage: ZoneUsage? = nil) {
        self.files = files
        self.audit = audit
        self.usage = usage
        if usage != nil { files.source.startMarkingGone() }
        pinnedLimit = descriptors
        writers = RecentlyUsed(capacity: descriptors / 4)
    }

    package func started(on connection: Connection) {
        self.connection.withLock { $0 = connection }
        features.store(connection.features.rawValue, ordering: .releasing)
        adoptOpenFiles(connection.backing)
        afterthoughts.start(connection.notifier)
    }

    /// The kernel's table of backing files, where it has one.
    var backing: BackingFiles? { has(.passthrough) ? connection.withLock { $0?.backing } : nil }

    func has(_ feature: Features) -> Bool { Features(rawValue: features.load(ordering: .acquiring)).contains(feature) }

    // MARK: The one decision point

    /// Lets an allowed operation go on; throws the errno of a refused one.
    @inline(__always)
    func permit(_ decision: Decision) throws(Errno) {
        switch decision {
        case .allowed: return
        case .refused(let refusal), .allowedIf(_, else: let refusal): throw Errno(rawValue: refusal.errno)
        }
    }

    /// The inode must have all of its names inside the zone, or a change would reach outside. To be asked within `countingNames`.
    func permitInode(_ id: NodeID, _ node: Node, _ status: FileStatus, _ act: inout Act) throws(Errno) {
        // Found by a name that went beside the mount since: the kernel looks the name up again at ESTALE.
        if node.flags.contains(.adrift) { throw .staleNFSFileHandle }
        if node.flags.contains(.unproved), status.links > 0 {
            guard (try? files.path(of: files.location(id, node).descriptor)) != nil else { throw .staleNFSFileHandle }
            files.nodes.update(id) { $0.flags.remove(.unproved) }
        }
        // Also where one name is left: the agent may have removed those inside, and hold the file open still.
        if status.links > 1 || node.flags.contains(.severalNames), status.kind != .directory,
            files.links.count(Links.number(node.handle)) < Int(status.links)
        {
            throw act.refuseLinked(id, node)
        }
    }

    /// Which rules hold for the file now: a directory may have moved since it was found.
    func place(_ id: NodeID, _ node: Node, _ location: SharedDescriptor, _ status: FileStatus) throws(Errno) -> Place {
        guard node.isDirectory, status.links > 0 else { return node.place }
        return try files.place(id, node, location, files.arrangement.load(ordering: .acquiring))
    }

    // MARK: Reading

    package func rootEntry() throws(Errno) -> Entry { try files.rootEntry() }
    package func lookup(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes) {
        files.lookup(request, parent: parent, name: name)
    }
    package func forget(_ node: NodeID, lookups: UInt64) { files.forget(node, lookups: lookups) }
    package func getattr(_ request: consuming AttributesRequest, node: NodeID, handle: Handle?) {
        files.getattr(request, node: node)
    }
    package func readlink(_ request: consuming LinkTextRequest, node: NodeID) { files.readlink(request, node: node) }
    package func statfs(_ request: consuming StatisticsRequest, node: NodeID) {
        guard let usage else { return files.statfs(request, node: node) }
        statfs(request, node, usage)
    }
    package func getxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID, name: borrowing PathBytes) {
        files.getxattr(request, node: node, name: name)
    }
    package func listxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID) { files.listxattr(request, node: node) }

    package func opendir(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {
        if has(.noOpenDirectory) { return request.replyNotNeeded() }
        request.reply(.none, files.source.rootMount.isWatched ? [.keepCache, .cacheDirectory] : [])
    }
    package func readdir(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        files.list(request, node: node, offset: offset, withEntries: false)
    }
    package func readdirplus(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        files.list(request, node: node, offset: offset, withEntries: true)
    }
}
