internal import CLinux
package import SystemPackage

/// The kernel's own mount of a directory in which one owner's files alone are somebody's.
///
/// What belongs to others, also by a hard link and with mode 666, is nobody's there: the kernel refuses to write it (EACCES), to remove, rename, link or
/// change it (EOVERFLOW), to root as well, and makes no file there but that owner's. Set-user-ID bits and devices mean nothing in it.
package enum DirectMount {
    /// A mount of `directory` alone, attached nowhere yet: what is mounted in it is not in there.
    ///
    /// - Parameter mapping: of the owner alone (`OwnerMapping.init(only:_:)`).
    /// - Throws: EINVAL where the file system has no such mounts, EPERM where this one is seen through another mapping already; ENOTRECOVERABLE where
    ///   the kernel lets root make something in it: then it is not what it has to be.
    package static func make(
        of directory: borrowing Descriptor, _ mapping: borrowing OwnerMapping
    ) throws(Errno) -> DetachedMount {
        let mount = try DetachedMount.clone(of: directory, recursive: false, [.noSetuid, .noDevices])
        try mount.map(by: mapping)
        // A name that nobody can have made beforehand.
        let name = ".pinfold-\(getpid())-\(SystemClock.monotonic)"
        let raw = mount.root.rawValue
        do throws(Errno) {
            _ = try check { unsafe mkdirat(raw, name, 0o700) }
        } catch .overflow {
            return mount
        }
        _ = unsafe unlinkat(raw, name, AT_REMOVEDIR)
        throw Errno(rawValue: ENOTRECOVERABLE)
    }

    /// Why a directory cannot be served so, in words that follow its name, by trying it; nil where it can. For root.
    package static func obstacle(at path: String, of uid: UInt32, _ gid: UInt32) -> String? {
        guard geteuid() == 0 else { return "cannot be tried: only root can" }
        var step = "cannot be opened"
        do throws(Errno) {
            let directory = try Descriptor.open(path, [.path, .directory])
            let status = try directory.status()
            guard status.owner == uid, status.group == gid else {
                return "belongs to \(status.owner):\(status.group) and not to the agent, \(uid):\(gid)"
            }
            step = "cannot have a mount of the kernel's own, in which only the agent's files are somebody's"
            let mount = try make(of: directory, OwnerMapping(only: uid, gid))
            step = "cannot be watched, so what is done there could not be recorded"
            let inside = try mount.root.open(".", [.readOnly, .directory])
            if let reason = Watchability.changesElsewhere(inside) { return "\(step): \(reason)" }
            try FilesystemMonitor().watch(filesystemOf: inside, FilesystemMonitor.doings)
            try "".withPathBytes { name throws(Errno) in
                try unsafe inside.withFileHandle(of: name) { bytes, type, _ throws(Errno) in
                    _ = try unsafe inside.open(handle: bytes, type: type, .path)
                }
            }
            return nil
        } catch {
            return "\(step): \(error)"
        }
    }
}
