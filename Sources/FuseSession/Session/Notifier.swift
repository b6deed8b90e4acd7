internal import CFuse3
internal import CLinux
package import LinuxSystem
package import SystemPackage

/// Tells the kernel that what it keeps is no longer true.
///
/// Only from threads that serve no request: the kernel takes locks that a request may hold while it waits for its answer
/// (<fuse3/fuse_lowlevel.h>, `fuse_lowlevel_notify_inval_entry`). ENOENT says that the kernel has no such thing, which is not a
/// failure for most.
package final class Notifier: Sendable {
    private let device: SharedDescriptor

    init(device: SharedDescriptor) { self.device = device }

    /// Whether there are requests that nobody has taken yet.
    package var hasWaitingRequests: Bool {
        var entry = pollfd(fd: device.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLIN) != 0
    }

    /// Forgets what `name` in `parent` leads to. What is mounted on it or below is unmounted by the kernel.
    package func invalidateEntry(_ name: borrowing PathBytes, in parent: NodeID) throws(Errno) {
        let out = fuse_notify_inval_entry_out(parent: parent.rawValue, namelen: UInt32(name.count), flags: 0)
        try send(Int32(FUSE_NOTIFY_INVAL_ENTRY.rawValue), out, name)
    }

    /// Has the kernel ask for `name` again at its next use, without unmounting anything (FUSE_EXPIRE_ONLY, Linux 6.2).
    package func expireEntry(_ name: borrowing PathBytes, in parent: NodeID) throws(Errno) {
        let out = fuse_notify_inval_entry_out(parent: parent.rawValue, namelen: UInt32(name.count), flags: 1)
        try send(Int32(FUSE_NOTIFY_INVAL_ENTRY.rawValue), out, name)
    }

    /// Forgets the node's attributes, ACL and link text, and its pages from `offset` for `length` bytes: 0 for all to the end. A
    /// negative offset keeps the pages.
    package func invalidateInode(_ node: NodeID, offset: Int64 = 0, length: Int64 = 0) throws(Errno) {
        try send(Int32(FUSE_NOTIFY_INVAL_INODE.rawValue), fuse_notify_inval_inode_out(ino: node.rawValue, off: offset, len: length))
    }

    /// Gives the kernel data of the node that it has not asked for, at `offset`: it keeps whole pages, and the last one of the file. Bytes beyond the
    /// end that it knows move that end. Waits for the answers to reads that are under way of the same pages.
    package func store(_ bytes: UnsafeRawBufferPointer, of node: NodeID, at offset: Int64) throws(Errno) {
        let out = fuse_notify_store_out(nodeid: node.rawValue, offset: UInt64(offset), size: UInt32(bytes.count), padding: 0)
        try unsafe send(Int32(FUSE_NOTIFY_STORE.rawValue), out, bytes)
    }

    /// `name` in `parent`, which was `child`, has been removed: whoever watches it with inotify hears so.
    package func delete(_ name: borrowing PathBytes, child: NodeID, in parent: NodeID) throws(Errno) {
        let out = fuse_notify_delete_out(
            parent: parent.rawValue, child: child.rawValue, namelen: UInt32(name.count), padding: 0)
        try send(Int32(FUSE_NOTIFY_DELETE.rawValue), out, name)
    }

    /// Makes all names doubtful at once (FUSE_NOTIFY_INC_EPOCH, Linux 6.16): each is looked up again at its next use.
    package func increaseEpoch() throws(Errno) { try send(8) }

    /// Has the kernel send each request again that was taken and not answered (FUSE_NOTIFY_RESEND, Linux 6.9).
    func sendAgain() throws(Errno) { try send(7) }

    private func send(_ code: Int32) throws(Errno) {
        var header = fuse_out_header(len: UInt32(MemoryLayout<fuse_out_header>.size), error: code, unique: 0)
        let sent = unsafe withUnsafeMutableBytes(of: &header) { unsafe DeviceChannel.send(to: device.descriptor.rawValue, $0, nil) }
        if !sent { throw Errno.current }
    }

    private func send<Out: BitwiseCopyable>(_ code: Int32, _ out: Out) throws(Errno) {
        let size = MemoryLayout<Out>.size
        var header = fuse_out_header(len: UInt32(MemoryLayout<fuse_out_header>.size + size), error: code, unique: 0)
        let sent = unsafe withUnsafeMutableBytes(of: &header) { head in
            unsafe withUnsafeBytes(of: out) { unsafe DeviceChannel.send(to: device.descriptor.rawValue, head, $0) }
        }
        if !sent { throw Errno.current }
    }

    private func send<Out: BitwiseCopyable>(_ code: Int32, _ out: Out, _ name: borrowing PathBytes) throws(Errno) {
        // The name goes with its NUL.
        try unsafe send(code, out, UnsafeRawBufferPointer(start: name.pointer, count: name.count + 1))
    }

    private func send<Out: BitwiseCopyable>(_ code: Int32, _ out: Out, _ rest: UnsafeRawBufferPointer) throws(Errno) {
        let size = MemoryLayout<Out>.size
        var header = fuse_out_header(len: UInt32(MemoryLayout<fuse_out_header>.size + size + rest.count), error: code, unique: 0)
        let sent = unsafe withUnsafeMutableBytes(of: &header) { head in
            unsafe withUnsafeBytes(of: out) { unsafe DeviceChannel.send(to: device.descriptor.rawValue, head, $0, rest) }
        }
        if !sent { throw Errno.current }
    }
}
