package import FuseSession
package import LinuxSystem
internal import SystemPackage

/// Directories of the source whose files change without a report while somebody writes them: through a shared map, with Linux AIO,
/// as a loop device. A file system of its own, read-only as the view is, and mounted over their places in it.
///
/// Each open of a file is asked for, and the kernel then reads and maps the disk's own file: what is read is what is there. Each
/// question for a file's size and times is asked. What is reported, names and the attributes of directories, is kept as in the
/// view.
package final class LivePlane: ReadOnlyFileSystem {
    package let files: PlaneFiles
    private let connection = Lock<Connection?>(nil)
    /// How many files may be held open by descriptors of this process, where the kernel has no backing files.
    private let pinnedLimit: Int

    package init(_ files: PlaneFiles, descriptors: Int) {
        self.files = files
        pinnedLimit = descriptors
    }

    package func started(on connection: Connection) {
        self.connection.withLock { $0 = connection }
        _ = files.adoptOpenFiles(connection.backing)
    }
    private func has(_ feature: Features) -> Bool { connection.withLock { $0?.features.contains(feature) ?? false } }

    // MARK: Files

    package func open(_ request: consuming OpenRequest, node id: NodeID, flags: OpenFlags) {
        if flags.writes { return request.fail(.readOnlyFileSystem) }
        let file: OpenFile
        // What a process that was killed had counted before it could answer.
        let earlier = CurrentOnce.earlier
        defer { if let id = earlier?.opened { closed(id) } }
        do throws(Errno) { file = try opened(id) } catch { return request.fail(error) }
        let handle = Handle(rawValue: id.rawValue)
        // Without a backing file each read is asked for, and a shared map is ENODEV.
        let taken =
            if let backing = file.passedThrough { request.reply(handle, backing: backing.id) } else {
                request.reply(handle, [.direct, .noFlush])
            }
        if !taken { closed(id) }
    }

    private func opened(_ id: NodeID) throws(Errno) -> OpenFile {
        let node = try files.node(id)
        // FIFOs, sockets and devices are the kernel's own to open: a request for one is a forged one.
        guard node.isRegular else { throw .invalidArgument }
        if let known = files.openFiles.again(id) {
            CurrentOnce.opened(id)
            return known
        }
        let location = try files.location(id, node)
        let backing = backingFile(id, location.descriptor)
        if backing == nil, files.openFiles.pinned >= pinnedLimit { throw .tooManyOpenFilesInSystem }
        let file = try files.openFiles.first(
            id, OpenFile(backing: backing, isPassedThrough: true, location: backing == nil ? location : nil, user: 0))
        CurrentOnce.opened(id)
        return file
    }

    /// The file's registration with the kernel, which outlives its opens a while; nil where it cannot be had.
    private func backingFile(_ id: NodeID, _ location: borrowing Descriptor) -> BackingFile? {
        guard has(.passthrough), let backing = connection.withLock({ $0?.backing }) else { return nil }
        if let known = files.source.backing.find(id.rawValue) { return known }
        guard let made = try? backing.open(location, for: 0) else { return nil }
        files.source.backing.keep(made, id.rawValue)
        return made
    }

    package func release(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, flags: OpenFlags) {
        // As in a zone: counted as done before it is.
        CurrentOnce.isAsGoodAsDone()
        closed(node)
        request.succeed()
    }

    private func closed(_ id: NodeID) {
        // A descriptor for reading would keep the space of a file that has no name any more.
        if files.openFiles.release(id) != nil { files.source.cache.drop(id, .reading) }
    }

    package func read(_ request: consuming DataRequest, node id: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {
        let file: SharedDescriptor
        do throws(Errno) { file = try readable(id) } catch { return request.fail(error) }
        request.reply(from: file.descriptor, offset: offset)
    }

    // MARK: Directories

    package func opendir(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {
        if has(.noOpenDirectory) { return request.replyNotNeeded() }
        request.reply(.none, files.keepsPages(node) ? [.keepCache, .cacheDirectory] : [])
    }

    package func readdirplus(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        files.list(request, node: node, offset: offset, withEntries: true)
    }
}
