package import FuseSession
package import LinuxSystem
package import SystemPackage

/// What the planes that nobody changes have in common: reading, and the refusals.
package protocol ReadOnlyFileSystem: FileSystem {
    var files: PlaneFiles { get }
}

extension ReadOnlyFileSystem {
    /// The kernel says this itself, on a superblock that is mounted read-only. Should such a request ever arrive, it is refused here.
    package var refusalOfChanges: Errno { .readOnlyFileSystem }

    package func rootEntry() throws(Errno) -> Entry { try files.rootEntry() }
    package func lookup(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes) {
        files.lookup(request, parent: parent, name: name)
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

    package func seek(_ request: consuming OffsetRequest, node id: NodeID, handle: Handle, offset: Int64, whence: Int32) {
        let result: Int64
        do throws(Errno) { result = try readable(id).descriptor.seek(to: offset, whence: whence) } catch {
            return request.fail(error)
        }
        request.reply(result)
    }

    /// A descriptor for reading; of regular files alone: FIFOs, sockets and devices are the kernel's own to open, and a request for
    /// one is a forged one.
    func readable(_ id: NodeID) throws(Errno) -> SharedDescriptor {
        let node = try files.node(id)
        guard node.isRegular else { throw .invalidArgument }
        return try files.reading(id, node)
    }

    // Nothing here is ever dirty.
    package func fsync(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool) { request.succeed() }
    package func fsyncdir(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool) { request.succeed() }

    package func readdir(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        files.list(request, node: node, offset: offset, withEntries: false)
    }

    // MARK: POSIX locks

    /// A lock for reading is had while nobody has the file open for writing, and keeps nobody else from anything: an agent must not
    /// be able to make the server wait. EAGAIN otherwise, as if the writer had a lock of his own: who would read something whole
    /// that is being written (SQLite) is told that it is not to be had, instead of reading what never was.
    package func setLock(_ request: consuming EmptyRequest, node: NodeID, _ lock: RangeLock, waits: Bool) {
        do throws(Errno) {
            switch lock.kind {
            case .none: break
            case .read:
                let file = try readable(node)
                guard files.leasePace.wait(node), try !file.descriptor.isOpenForWriting() else {
                    throw .resourceTemporarilyUnavailable
                }
            case .write: throw .badFileDescriptor
            }
        } catch { return request.fail(error) }
        request.succeed()
    }

    /// What the disk's file has in the way of the lock, the server's too.
    package func testLock(_ request: consuming LockRequest, node: NodeID, _ lock: RangeLock) {
        let found: RangeLock
        do throws(Errno) { found = try readable(node).descriptor.lock(against: lock) } catch { return request.fail(error) }
        request.reply(found)
    }
}
