internal import CLinux
internal import LinuxSystem
package import SystemPackage

/// Keeps what a fuzzer finds from being done to the machine: mounts of this process's own, all read-only, with a file system in memory as the
/// working directory. As root, before there is a second thread.
package enum Seclusion {
    /// - Parameter writable: a directory that stays writable.
    package static func begin(workingDirectory: String, writable: String?) throws(Errno) {
        _ = try check { pinfold_fence_unshare(CLONE_NEWNS) }
        // MS_REC | MS_PRIVATE.
        _ = try check { unsafe pinfold_fence_mount("none", "/", "", 1 << 14 | 1 << 18) }
        if let writable {
            // MS_BIND: a mount of its own, which the attribute below does not have to reach.
            _ = try check { unsafe pinfold_fence_mount(writable, writable, "", 1 << 12) }
        }
        var readOnly = pinfold_mount_attr(attr_set: UInt64(PINFOLD_MOUNT_ATTR_RDONLY), attr_clr: 0, propagation: 0, userns_fd: 0)
        _ = try check { unsafe pinfold_mount_setattr(pinfold_AT_FDCWD, "/", UInt32(PINFOLD_AT_RECURSIVE), &readOnly) }
        if let writable {
            var again = pinfold_mount_attr(attr_set: 0, attr_clr: UInt64(PINFOLD_MOUNT_ATTR_RDONLY), propagation: 0, userns_fd: 0)
            _ = try check { unsafe pinfold_mount_setattr(pinfold_AT_FDCWD, writable, 0, &again) }
        }
        _ = try check { unsafe pinfold_fence_mount("none", workingDirectory, "tmpfs", 0) }
        _ = try check { unsafe chdir(workingDirectory) }
        // As the daemon does before it serves.
        try FileCreator.prepareProcess()
    }
}

/// Removes a file, or a directory with all that is in it. Names are bytes, in no encoding.
func removeTree(_ path: [CChar]) {
    guard unsafe unlink(path) != 0, let stream = unsafe opendir(path) else { return }
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.bindMemory(to: CChar.self)) }.prefix {
            $0 != 0
        }
        if name != [46], name != [46, 46] { removeTree(path.dropLast() + [47] + name + [0]) }
    }
    unsafe closedir(stream)
    unsafe rmdir(path)
}
