package import FuseSession
package import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// The whole source, read-only, three times over: the superblock is mounted `ro`, the clone below is read-only, and the methods that would change something
/// answer EROFS.
///
/// It is made not to be asked: an open and an opendir are answered once for all, entries, attributes, absent names, listings and pages are kept until
/// a notification says otherwise.
package final class ViewPlane: ReadOnlyFileSystem {
    package let files: PlaneFiles
    private let features = Atomic<UInt32>(0)
    private let readAhead: ReadAhead?
    private let elsewhere: OpenElsewhere
    let namesAhead: NamesAhead?

    /// - Parameter readsAhead: whether the kernel is given what it has not asked for; only where it is told of changes.
    package init(_ files: PlaneFiles, readsAhead: Bool) {
        self.files = files
        elsewhere = OpenElsewhere(files)
        readAhead = readsAhead ? ReadAhead(files) : nil
        namesAhead = readsAhead ? NamesAhead(files) : nil
    }

    package func started(on connection: Connection) {
        features.store(connection.features.rawValue, ordering: .releasing)
        readAhead?.start(connection.notifier)
        elsewhere.start(connection.notifier)
    }
    private func has(_ feature: Features) -> Bool { Features(rawValue: features.load(ordering: .acquiring)).contains(feature) }

    package func lookup(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes) {
        if files.lookup(request, parent: parent, name: name) { namesAhead?.lookedUp(in: parent) }
    }

    // MARK: Files

    package func open(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {
        if flags.writes { return request.fail(.readOnlyFileSystem) }
        if has(.noOpen) { return request.replyNotNeeded() }
        request.reply(.none, files.keepsPages(node) ? [.keepCache, .noFlush] : .noFlush)
    }

    package func read(_ request: consuming DataRequest, node id: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {
        let file: SharedDescriptor
        do throws(Errno) { file = try readable(id) } catch { return request.fail(error) }
        let size = request.size
        request.reply(from: file.descriptor, offset: offset)
        readAhead?.wasAsked(id, at: offset, size: size)
        elsewhere.gave(id, file.descriptor)
    }

    // MARK: Directories

    package func opendir(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {
        if has(.noOpenDirectory) { return request.replyNotNeeded() }
        request.reply(.none, files.keepsPages(node) ? [.keepCache, .cacheDirectory] : [])
    }

    package func readdirplus(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        files.list(request, node: node, offset: offset, withEntries: true, noting: readAhead?.listings)
    }
}
