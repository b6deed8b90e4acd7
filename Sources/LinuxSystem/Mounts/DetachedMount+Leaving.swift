internal import CLinux
package import SystemPackage

extension DetachedMount {
    /// A copy of the tree of mounts at `path`, which is `directory`, with `attributes` on all of it, as `clone` makes it, without those that `leavingOut` names, nor what
    /// is mounted in them: a copy keeps a filesystem alive, whoever unmounts it elsewhere. In the place of each is an empty directory with mode
    /// 0555 that cannot be changed.
    ///
    /// It is put together in a mount namespace of a thread of its own, since nothing can be taken out of a detached tree (`man 2 open_tree`).
    package static func clone(
        ofTreeAt path: String, _ directory: borrowing Descriptor, _ attributes: Attributes,
        leavingOut: @escaping @Sendable (MountEntry) -> Bool
    ) throws(Errno) -> DetachedMount {
        let expected = try directory.status()
        let outcome = Lock<Result<Int32?, Errno>>(.failure(.noMemory))
        try SystemThread("mounts") {
            let result: Result<Int32?, Errno>
            do throws(Errno) {
                guard try separate() else { return outcome.withLock { $0 = .success(nil) } }
                try leaveOut(path, leavingOut)
                let directory = try Descriptor.open(path, [.path, .directory, .noFollow])
                let found = try directory.status()
                guard found.inode == expected.inode, found.fileSystem == expected.fileSystem else { throw .staleNFSFileHandle }
                result = .success(try clone(of: directory, recursive: true, attributes).root.duplicate().release())
            } catch {
                result = .failure(error)
            }
            outcome.withLock { $0 = result }
        }.join()
        guard let made = try outcome.withLock({ $0 }).get() else { return try clone(of: directory, recursive: true, attributes) }
        return DetachedMount(Descriptor(owning: made))
    }

    /// Gives this thread a copy of all mounts, from which nothing reaches those that it was made of.
    ///
    /// - Returns: false where the root directory is none of a mount (`man 2 chroot`): then what is unmounted here could go elsewhere too, and nothing
    ///   is left out.
    private static func separate() throws(Errno) -> Bool {
        guard try Descriptor.open("/", [.path, .directory]).status().isMountRoot else { return false }
        _ = try check { pinfold_unshare(CLONE_NEWNS) }
        var change = pinfold_mount_attr(attr_set: 0, attr_clr: 0, propagation: UInt64(PINFOLD_MS_PRIVATE), userns_fd: 0)
        _ = try check { unsafe pinfold_mount_setattr(pinfold_AT_FDCWD, "/", UInt32(PINFOLD_AT_RECURSIVE), &change) }
        return true
    }

    private static func leaveOut(_ path: String, _ isLeftOut: (MountEntry) -> Bool) throws(Errno) {
        var kept: Set<UInt64> = []
        while true {
            // The thread's own: `/proc/self` is the process's.
            let table = try MountTable.read(process: pinfold_gettid())
            let left = table.entries(atOrBelow: path).filter { entry in
                entry.mountpoint != path && isLeftOut(entry) && !kept.contains(entry.id)
                    && table.entry(at: entry.mountpoint)?.id == entry.id
            }
            // The outermost first, which takes those in it along: no path is walked through one that may hang.
            guard let next = left.min(by: { $0.mountpoint.utf8.count < $1.mountpoint.utf8.count }) else { return }
            do throws(Errno) {
                try Unmounting.unmount(next.mountpoint, lazily: true)
            } catch {
                // Below another mount, where no path leads.
                kept.insert(next.id)
                continue
            }
            guard let directory = try? Descriptor.open(next.mountpoint, [.path, .directory, .noFollow]) else { continue }
            let empty = try DetachedMount.new(
                type: "tmpfs", [("mode", "0555"), ("nr_inodes", "1"), ("source", "pinfold")],
                [.readOnly, .noSetuid, .noDevices, .noExecution])
            do throws(Errno) {
                try empty.attach(to: directory)
            } catch .noSuchFileOrDirectory {
                // Removed meanwhile: what is mounted on it here hinders nobody elsewhere (`man 2 rmdir`). There is nothing to lay anything over.
            }
        }
    }
}
