package import FuseSession
package import LinuxSystem
internal import SystemPackage

// The kernel answers all of these itself, on a superblock that is mounted read-only. Should one ever arrive, it is refused here.
extension ViewPlane {
    package func setattr(_ request: consuming AttributesRequest, node: NodeID, changes: AttributeChanges) {
        request.fail(.readOnlyFileSystem)
    }
    package func mknod(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, device: UInt32) {
        request.fail(.readOnlyFileSystem)
    }
    package func mkdir(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32) {
        request.fail(.readOnlyFileSystem)
    }
    package func unlink(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes) {
        request.fail(.readOnlyFileSystem)
    }
    package func rmdir(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes) {
        request.fail(.readOnlyFileSystem)
    }
    package func symlink(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, target: borrowing PathBytes)
    {
        request.fail(.readOnlyFileSystem)
    }
    package func rename(
        _ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes, newParent: NodeID,
        newName: borrowing PathBytes,
        flags: RenameFlags
    ) { request.fail(.readOnlyFileSystem) }
    package func link(_ request: consuming EntryRequest, node: NodeID, newParent: NodeID, newName: borrowing PathBytes) {
        request.fail(.readOnlyFileSystem)
    }
    package func create(
        _ request: consuming CreateRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, flags: OpenFlags
    ) { request.fail(.readOnlyFileSystem) }
    package func temporaryFile(_ request: consuming CreateRequest, parent: NodeID, mode: UInt32, flags: OpenFlags) {
        request.fail(.readOnlyFileSystem)
    }
    package func write(_ request: consuming WriteRequest, node: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {
        request.fail(.readOnlyFileSystem)
    }
    package func copyRange(
        _ request: consuming CountRequest, from node: NodeID, handle: Handle, offset: Int64, to target: NodeID,
        targetHandle: Handle,
        targetOffset: Int64, length: Int
    ) { request.fail(.readOnlyFileSystem) }
    package func fallocate(
        _ request: consuming EmptyRequest, node: NodeID, handle: Handle, mode: Int32, offset: Int64, length: Int64
    ) { request.fail(.readOnlyFileSystem) }
    package func setxattr(
        _ request: consuming EmptyRequest, node: NodeID, name: borrowing PathBytes, value: UnsafeRawBufferPointer, flags: Int32
    ) { request.fail(.readOnlyFileSystem) }
    package func removexattr(_ request: consuming EmptyRequest, node: NodeID, name: borrowing PathBytes) {
        request.fail(.readOnlyFileSystem)
    }
}
