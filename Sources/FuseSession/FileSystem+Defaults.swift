package import LinuxSystem
package import SystemPackage

// What a file system without the operation answers: ENOSYS, at which the kernel stops asking for it.
extension FileSystem {
    package var refusalOfChanges: Errno { .noFunction }
    package func started(on connection: Connection) {}
    package func setattr(_ request: consuming AttributesRequest, node: NodeID, changes: AttributeChanges) {
        request.fail(refusalOfChanges)
    }
    package func mknod(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, device: UInt32) {
        request.fail(refusalOfChanges)
    }
    package func mkdir(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32) {
        request.fail(refusalOfChanges)
    }
    package func unlink(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes) {
        request.fail(refusalOfChanges)
    }
    package func rmdir(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes) {
        request.fail(refusalOfChanges)
    }
    package func symlink(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, target: borrowing PathBytes)
    {
        request.fail(refusalOfChanges)
    }
    package func rename(
        _ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes, newParent: NodeID,
        newName: borrowing PathBytes,
        flags: RenameFlags
    ) { request.fail(refusalOfChanges) }
    package func link(_ request: consuming EntryRequest, node: NodeID, newParent: NodeID, newName: borrowing PathBytes) {
        request.fail(refusalOfChanges)
    }
    package func create(
        _ request: consuming CreateRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, flags: OpenFlags
    ) { request.fail(refusalOfChanges) }
    package func temporaryFile(_ request: consuming CreateRequest, parent: NodeID, mode: UInt32, flags: OpenFlags) {
        request.fail(refusalOfChanges)
    }
    package func write(_ request: consuming WriteRequest, node: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {
        request.fail(refusalOfChanges)
    }
    package func copyRange(
        _ request: consuming CountRequest, from node: NodeID, handle: Handle, offset: Int64, to target: NodeID,
        targetHandle: Handle,
        targetOffset: Int64, length: Int
    ) { request.fail(refusalOfChanges) }
    package func fallocate(
        _ request: consuming EmptyRequest, node: NodeID, handle: Handle, mode: Int32, offset: Int64, length: Int64
    ) { request.fail(refusalOfChanges) }
    package func seek(_ request: consuming OffsetRequest, node: NodeID, handle: Handle, offset: Int64, whence: Int32) {
        request.fail(.noFunction)
    }
    package func flush(_ request: consuming EmptyRequest, node: NodeID, handle: Handle) { request.fail(.noFunction) }
    package func setLock(_ request: consuming EmptyRequest, node: NodeID, _ lock: RangeLock, waits: Bool) {
        request.fail(.noFunction)
    }
    package func testLock(_ request: consuming LockRequest, node: NodeID, _ lock: RangeLock) { request.fail(.noFunction) }
    package func fsync(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool) {
        request.fail(.noFunction)
    }
    package func release(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, flags: OpenFlags) { request.succeed() }
    package func fsyncdir(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool) {
        request.fail(.noFunction)
    }
    package func releasedir(_ request: consuming EmptyRequest, node: NodeID, handle: Handle) { request.succeed() }
    package func setxattr(
        _ request: consuming EmptyRequest, node: NodeID, name: borrowing PathBytes, value: UnsafeRawBufferPointer, flags: Int32
    ) { request.fail(refusalOfChanges) }
    package func removexattr(_ request: consuming EmptyRequest, node: NodeID, name: borrowing PathBytes) {
        request.fail(refusalOfChanges)
    }
}
