package import LinuxSystem
package import SystemPackage

/// What a session serves: one method an operation of the low-level protocol. See <fuse3/fuse_lowlevel.h>, `struct
/// fuse_lowlevel_ops`.
///
/// The methods run on the session's worker threads, many at a time, and to completion: no `await`. Each consumes its request by
/// answering it; a request that is let go of unanswered answers EIO. Names and data are borrowed for the length of the call. Node
/// ids are those that this file system handed out, or `NodeID.root`; still, a request is no proof that a node exists: forged and
/// late numbers must answer ESTALE.
///
/// What is not implemented answers ENOSYS, at which the kernel does not ask again. Access checks are the kernel's
/// (`default_permissions`), flock locks too, and POSIX ones without `Features.locks`: they hold among all users of the mount.
/// ioctls answer ENOTTY.
package protocol FileSystem: AnyObject, Sendable {
    /// What a change answers that is not implemented; ENOSYS where nothing else is said.
    var refusalOfChanges: Errno { get }
    /// The kernel has agreed: called once, before any other method, on a worker thread.
    func started(on connection: Connection)
    /// The attributes of `NodeID.root` and how long they hold. Called when the plane is mounted, and again where the kernel asks.
    func rootEntry() throws(Errno) -> Entry

    /// Counts one lookup of the node that it replies, unless the reply returns false.
    func lookup(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes)
    /// Drops `lookups` of the node's count; at none the number may be used for another file. Nobody waits for an answer.
    func forget(_ node: NodeID, lookups: UInt64)
    func getattr(_ request: consuming AttributesRequest, node: NodeID, handle: Handle?)
    func setattr(_ request: consuming AttributesRequest, node: NodeID, changes: AttributeChanges)
    func readlink(_ request: consuming LinkTextRequest, node: NodeID)

    /// `mode` holds the kind; the umask has not been applied to it (FUSE_DONT_MASK), here and in all that make something: a default
    /// ACL replaces it.
    func mknod(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, device: UInt32)
    func mkdir(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32)
    func unlink(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes)
    func rmdir(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes)
    func symlink(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, target: borrowing PathBytes)
    /// `flags` are renameat2's.
    func rename(
        _ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes, newParent: NodeID,
        newName: borrowing PathBytes,
        flags: RenameFlags)
    func link(_ request: consuming EntryRequest, node: NodeID, newParent: NodeID, newName: borrowing PathBytes)
    /// Makes and opens. Where the name is there already, which the kernel did not know: EEXIST with `.exclusive` in `flags`, else
    /// ESTALE, at which it looks again and opens what is there.
    func create(_ request: consuming CreateRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, flags: OpenFlags)
    /// O_TMPFILE (FUSE_TMPFILE, Linux 6.2): a file without a name, in `parent`'s file system.
    func temporaryFile(_ request: consuming CreateRequest, parent: NodeID, mode: UInt32, flags: OpenFlags)

    /// `flags` are without O_CREAT and O_EXCL; O_TRUNC is in them and must be obeyed (FUSE_ATOMIC_O_TRUNC).
    func open(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags)
    func read(_ request: consuming DataRequest, node: NodeID, handle: Handle, offset: Int64, flags: OpenFlags)
    func write(_ request: consuming WriteRequest, node: NodeID, handle: Handle, offset: Int64, flags: OpenFlags)
    func copyRange(
        _ request: consuming CountRequest, from node: NodeID, handle: Handle, offset: Int64, to target: NodeID,
        targetHandle: Handle,
        targetOffset: Int64, length: Int)
    func fallocate(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, mode: Int32, offset: Int64, length: Int64)
    /// SEEK_DATA and SEEK_HOLE; the kernel does the others by itself.
    func seek(_ request: consuming OffsetRequest, node: NodeID, handle: Handle, offset: Int64, whence: Int32)
    /// A descriptor of the open file was closed; not sent for those that are open with `.noFlush`.
    func flush(_ request: consuming EmptyRequest, node: NodeID, handle: Handle)
    func fsync(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool)
    /// Sets or, with `.none`, lets go of a POSIX lock; only with `Features.locks`. Those that a process has when it closes the file
    /// are not let go of one by one: the kernel sends a flush.
    func setLock(_ request: consuming EmptyRequest, node: NodeID, _ lock: RangeLock, waits: Bool)
    /// What stands in the way of a POSIX lock.
    func testLock(_ request: consuming LockRequest, node: NodeID, _ lock: RangeLock)
    /// The open file is gone. Nobody waits for the answer.
    func release(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, flags: OpenFlags)

    func opendir(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags)
    /// Fills the request from the entry after the one whose `next` is `offset`; 0 starts anew.
    func readdir(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64)
    /// The same with a lookup of each entry, which counts as one, except for `.` and `..`.
    func readdirplus(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64)
    func fsyncdir(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, dataOnly: Bool)
    func releasedir(_ request: consuming EmptyRequest, node: NodeID, handle: Handle)

    func statfs(_ request: consuming StatisticsRequest, node: NodeID)
    /// `flags` are setxattr's XATTR_CREATE and XATTR_REPLACE. POSIX ACLs come this way too, as `system.posix_acl_access` and
    /// `_default`.
    func setxattr(
        _ request: consuming EmptyRequest, node: NodeID, name: borrowing PathBytes, value: UnsafeRawBufferPointer, flags: Int32)
    func getxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID, name: borrowing PathBytes)
    func listxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID)
    func removexattr(_ request: consuming EmptyRequest, node: NodeID, name: borrowing PathBytes)
}
