internal import CLinux
package import SystemPackage

/// Whose files are shown as whose: a user namespace that says how, for a mount to be seen through (`man 2 mount_setattr`, "ID-mapped
/// mounts"). Every other owner is nobody there: nobody has his files' rights through such a mount, and nobody can make a file as him.
package struct OwnerMapping: ~Copyable, Sendable {
    private let namespace: Descriptor

    /// Root's files are shown as somebody else's.
    package init(rootAs uid: UInt32, _ gid: UInt32) throws(Errno) {
        try self.init(users: "0 \(uid) 1\n", groups: "0 \(gid) 1\n")
    }

    /// This owner's files alone are somebody's, his own.
    package init(only uid: UInt32, _ gid: UInt32) throws(Errno) {
        try self.init(users: "\(uid) \(uid) 1\n", groups: "\(gid) \(gid) 1\n")
    }

    /// Only a process in it can make such a namespace, and no process with threads can enter one: a child is made for it, which waits,
    /// is looked at, and is gone before this returns. A process that has given up CAP_SYS_PTRACE cannot look: EACCES.
    private init(users: String, groups: String) throws(Errno) {
        let child = try check { pinfold_clone_into_user_namespace() }
        defer {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        try Self.write(users, to: "/proc/\(child)/uid_map")
        try Self.write(groups, to: "/proc/\(child)/gid_map")
        namespace = try Descriptor.open("/proc/\(child)/ns/user", .readOnly)
    }

    fileprivate var rawValue: Int32 { namespace.rawValue }

    private static func write(_ text: String, to path: String) throws(Errno) {
        let file = try Descriptor.open(path, .writeOnly)
        let raw = file.rawValue
        let bytes = Array(text.utf8)
        _ = try check { unsafe CLinux.write(raw, bytes, bytes.count) }
    }
}

extension DetachedMount {
    /// Shows the files of a mount that is attached nowhere yet through `mapping`. EINVAL where the file system cannot.
    package func map(by mapping: borrowing OwnerMapping) throws(Errno) {
        var change = pinfold_mount_attr(
            attr_set: UInt64(PINFOLD_MOUNT_ATTR_IDMAP), attr_clr: 0, propagation: 0, userns_fd: UInt64(mapping.rawValue))
        let raw = root.rawValue
        _ = try check { unsafe pinfold_mount_setattr(raw, "", UInt32(pinfold_AT_EMPTY_PATH), &change) }
    }
}

/// The calling thread's own view of the mounts.
package enum MountNamespace {
    /// Gives this thread, and what it starts from here on, mounts of its own: what it mounts nobody else sees, and it is gone when the
    /// last of them ends, however it ends. What is mounted and unmounted outside still arrives.
    ///
    /// For a thread that ends with its work, never for one of a pool.
    package static func leave() throws(Errno) {
        _ = try check { pinfold_fence_unshare(CLONE_NEWNS) }
        // MS_REC and MS_SLAVE.
        _ = try check { unsafe pinfold_fence_mount("none", "/", "", 1 << 14 | 1 << 19) }
    }
}
