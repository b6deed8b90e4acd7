package import FuseSession
package import LinuxSystem
internal import Synchronization
package import SystemPackage

/// The whole source, read-only, three times over: the superblock is mounted `ro`, the clone below is read-only, and the methods that would change something
/// answer EROFS.
///
/// It is made not to be asked: an open and an opendir are answered once for all, entries, attributes, absent names, listings and pages are kept until
/// a notification says otherwise.
package final class ViewPlane: FileSystem {
    package let files: PlaneFiles
    private let features = Atomic<UInt32>(0)
    private let readAhead: ReadAhead?
    let namesAhead: NamesAhead?

    /// - Parameter readsAhead: whether the kernel is given what it has not asked for; only where it is told of changes.
    package init(_ files: PlaneFiles, readsAhead: Bool) {
        self.files = files
        readAhead = readsAhead ? ReadAhead(files) : nil
        namesAhead = readsAhead ? NamesAhead(files) : nil
    }

    package func started(on connection: Connection) {
        features.store(connection.features.rawValue, ordering: .releasing)
        readAhead?.start(connection.notifier)
    }
    private func has(_ feature: Features) -> Bool { Features(rawValue: features.load(ordering: .acquiring)).contains(feature) }

    package func rootEntry() throws(Errno) -> Entry { try files.rootEntry() }
    package func lookup(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes) {
        if files.lookup(request, parent: parent, name: name) { namesAhead?.lookedUp(in: parent) }
    }
    package func forget(_ node: NodeID, lookups: UInt64) { files.forget(node, lookups: lookups) }
    package func getattr(_ request: consuming AttributesRequest, node: NodeID, handle: Handle?) {
        files.getattr(request, node: node)
    }
    package func readlink(_ request: consuming LinkTextRequest, node: NodeID) { files.readlink(request, node: node) }
    package func statfs(_ request: consuming StatisticsRequest, node: NodeID) { files.statfs(request, node: node) }
    package func getxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID, name: borrowing PathBytes) {
        files.getxattr(request, node: node, name: name)
    }
    package func listxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID) { files.listxattr(request, node: node) }

    // MARK: Files

    package func open(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {
        if flags.writes { return request.fail(.readOnlyFileSystem) }
        if has(.noOpen) { return request.replyNotNeeded() }
        request.reply(.none, files.keepsPages(node) ? [.keepCache, .noFlush] : .noFlush)
    }

    package func read(_ request: consuming DataRequest, node id: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {
        let file: SharedDescriptor
        do throws(Errno) {
            let node = try files.node(id)
            // FIFOs, sockets and devices are the kernel's own to open: a request for one is a forged one.
            guard node.isRegular else { throw .invalidArgument }
            file = try files.source.reading(id, node)
        } catch { return request.fail(error) }
        let size = request.size
        request.reply(from: file.descriptor, offset: offset)
        readAhead?.wasAsked(id, at: offset, size: size)
    }

    package func seek(_ request: consuming OffsetRequest, node id: NodeID, handle: Handle, offset: Int64, whence: Int32) {
        let result: Int64
        do throws(Errno) {
            let node = try files.node(id)
            guard node.isRegular else { throw .invalidArgument }
            result = try files.source.reading(id, node).descriptor.seek(to: offset, whence: whence)
        } catch { return request.fail(error) }
        request.reply(result)
    }

    // Nothing here is ever dirty.
    package func fsync(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool) { request.succeed() }
    package func fsyncdir(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool) { request.succeed() }

    // MARK: Directories

    package func opendir(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {
        if has(.noOpenDirectory) { return request.replyNotNeeded() }
        request.reply(.none, files.keepsPages(node) ? [.keepCache, .cacheDirectory] : [])
    }

    package func readdir(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        files.list(request, node: node, offset: offset, withEntries: false)
    }

    package func readdirplus(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        files.list(request, node: node, offset: offset, withEntries: true, noting: readAhead?.listings)
    }
}
