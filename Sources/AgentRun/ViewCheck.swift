internal import CLinux
package import Fence
internal import LinuxSystem
internal import SystemPackage

extension AgentView {
    /// Gives this process a mount namespace of its own, without any other view: their zones are other agents'. Looks there whether this view and its
    /// zones are mounted as they must be, and asks whether they answer. Throws `unreachable` with what to do.
    package func enterPrivateMounts() throws(FenceError) -> ViewInquiry {
        let inquiry = try inquire()
        let isRoot = geteuid() == 0
        if isRoot {
            _ = try call("unshare") { pinfold_fence_unshare(CLONE_NEWNS) }
            // MS_REC | MS_PRIVATE: without it the last lines would unmount for the whole host.
            _ = try call("making mounts private") { unsafe pinfold_fence_mount("none", "/", "", 1 << 14 | 1 << 18) }
        }
        // What is looked at is what stays: nobody's mounts or unmounts reach this namespace.
        let mounts = (try? MountTable.read())?.entries ?? []
        try require(mounts)
        guard isRoot else {
            throw FenceError("only root can start the agent behind its fence; run this with sudo", kind: .refused)
        }
        // A view before its zones, which go with it: the way to those leads through it, and its daemon may hang.
        for mount in mounts where mount.isPinfold && !isAtOrBelow(mount.mountpoint, mountpoint) && mount.mountpoint != surroundings
        {
            _ = unsafe pinfold_fence_detach(mount.mountpoint)
        }
        return inquiry
    }

    /// Whether the kernel has given up the view or a zone of it; one that only hangs has not ended.
    package var isDead: Bool {
        guard let inquiry = try? inquire(), let code = inquiry.answer(milliseconds: 2000) else { return false }
        return code != 0
    }

    private func inquire() throws(FenceError) -> ViewInquiry { try ViewInquiry(of: ([source] + zones).map(mounted)) }

    private func require(_ mounts: [MountEntry]) throws(FenceError) {
        // The last one at a path is the one that a path walk meets.
        guard let root = mounts.last(where: { $0.mountpoint == mountpoint }), root.isPinfold else {
            throw FenceError("no view is mounted at \(mountpoint); run 'pinfold mount' first", kind: .unreachable)
        }
        guard root.isReadOnly else {
            throw FenceError("the view at \(mountpoint) is mounted writable; nothing was started", kind: .refused)
        }
        if let surroundings {
            guard let mount = mounts.last(where: { $0.mountpoint == surroundings }), mount.isPinfold, mount.isReadOnly else {
                throw FenceError(
                    "what is around the view at \(mountpoint) is not mounted at \(surroundings); run 'pinfold umount' and 'pinfold mount'",
                    kind: .unreachable)
            }
        }
        for zone in zones {
            guard let mount = mounts.last(where: { $0.mountpoint == mounted(zone) }),
                mount.isPinfold && !mount.isReadOnly || zone == sandbox && isDirect(mount, in: root, mounts)
            else {
                throw FenceError(
                    "the view at \(mountpoint) has no writable zone for \(zone): it was mounted with other settings; "
                        + "run 'pinfold umount' and 'pinfold mount'", kind: .unreachable)
            }
        }
    }

    /// Whether a mount is the sandbox as the kernel serves it by itself, on the view. That nobody's files but the agent's can be changed there, the self-test
    /// tries.
    private func isDirect(_ mount: MountEntry, in root: MountEntry, _ mounts: [MountEntry]) -> Bool {
        let holding = mounts.filter { isAtOrBelow(sandbox, $0.mountpoint) }
        let deepest = holding.map(\.mountpoint.utf8.count).max() ?? 0
        guard mount.isDirect, mount.parent == root.id,
            let host = holding.last(where: { $0.mountpoint.utf8.count == deepest })
        else { return false }
        // The same directory of the same file system as at its path on the machine.
        let rest = host.mountpoint == "/" ? sandbox : String(sandbox.dropFirst(host.mountpoint.count))
        let path = (host.root == "/" ? "" : host.root) + rest
        return mount.device == host.device && mount.root == (path.isEmpty ? "/" : path)
    }
}

/// The question whether a view's daemon answers, while its asker goes on. Let go of, it is not asked any more.
///
/// `statfs` always asks the daemon, where `stat` may be answered by what the kernel remembers of a dead one. In a process of its own: who waits
/// for a daemon that hangs cannot be killed.
package struct ViewInquiry: ~Copyable {
    private let child: pid_t
    private let pidfd: Int32

    /// - Parameter paths: in the mounted view.
    package init(of paths: [String]) throws(FenceError) {
        let started = pinfold_fork()
        if started == 0 {
            for path in paths where unsafe pinfold_statfs_type(path) == -1 {
                _exit(Int32(UInt8(truncatingIfNeeded: pinfold_errno())))
            }
            _exit(0)
        }
        guard started > 0, let descriptor = try? check({ pinfold_pidfd_open(started, 0) }) else {
            throw FenceError("no process could be started: \(Errno.current)", kind: .refused)
        }
        child = started
        pidfd = descriptor
    }

    /// Waits for the answer, which `view` gives; none in time is one too. Throws `unreachable` with what to do.
    package consuming func wait(for view: AgentView, milliseconds: Int32 = 10_000) throws(FenceError) {
        let code = answer(milliseconds: milliseconds)
        guard code == 0 else {
            let reason = code.map { " (\(Errno(rawValue: $0)))" } ?? ""
            throw FenceError(
                "the view at \(view.mountpoint) does not answer\(reason); run 'pinfold umount' and 'pinfold mount'",
                kind: .unreachable)
        }
    }

    /// The answer as an error number, 0 where it is well; nil where none comes in time.
    package consuming func answer(milliseconds: Int32) -> Int32? {
        let (child, pidfd) = (child, pidfd)
        discard self
        defer { close(pidfd) }
        var waiting = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        guard (try? check({ unsafe poll(&waiting, 1, milliseconds) })) == 1 else {
            kill(child, SIGKILL)
            return nil
        }
        var status: Int32 = 0
        _ = unsafe waitpid(child, &status, 0)
        return pinfold_WIFEXITED(status) != 0 ? pinfold_WEXITSTATUS(status) : EIO
    }

    deinit {
        // Not waited for: the daemon may hang still. The number is its own as long as nobody does.
        kill(child, SIGKILL)
        close(pidfd)
    }
}
