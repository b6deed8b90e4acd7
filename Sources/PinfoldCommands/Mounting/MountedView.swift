internal import AgentRun
internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import SystemPackage

/// What is mounted at a mountpoint now, and who serves it.
struct MountedView: Sendable {
    /// Absolute, with the links above it followed.
    let mountpoint: String
    /// Every mount at the mountpoint and below it, in the order of mounting; then those of what is around a narrower view.
    let mounts: [MountEntry]
    /// The process that holds the mountpoint's lock; nil where none lives.
    let daemon: Int32?

    /// The daemon and those that serve for it: what they have open of the view is no use of it.
    var processes: Set<Int32> {
        guard let daemon else { return [] }
        let children = ((try? ProcessEntry.all()) ?? []).filter { ProcessOwner(process: $0.pid)?.parent == daemon }
        return Set(children.map(\.pid) + [daemon])
    }

    /// The planes among the mounts.
    var planes: [MountEntry] { mounts.filter(\.isPinfold) }
    /// The zone that the kernel serves by itself, mounted in a plane.
    var direct: MountEntry? {
        let planes = Set(planes.map(\.id))
        return mounts.first { $0.isDirect && planes.contains($0.parent) }
    }
    /// Mounts of somebody else's, at the mountpoint or in the view.
    var others: [MountEntry] {
        let own = Set((planes + [direct].compactMap { $0 }).map(\.id))
        return mounts.filter { !own.contains($0.id) }
    }
    /// Whether a view is what one would meet at the mountpoint.
    var isMounted: Bool { mounts.last { $0.mountpoint == mountpoint }?.isPinfold ?? false }
    /// A view whose daemon is gone: every access is ENOTCONN.
    var isStale: Bool { isMounted && daemon == nil }

    /// Whether nobody serves what is mounted: no process is seen to, and the kernel has given it up. The second is asked because a daemon of another
    /// process namespace is not seen.
    var isDead: Bool {
        guard isStale, let inquiry = try? ViewInquiry(of: [mountpoint]), let code = inquiry.answer(milliseconds: 2000) else {
            return false
        }
        return code == ENOTCONN || code == ECONNABORTED
    }

    /// Looks without touching the view.
    static func find(_ path: String) throws(CommandFailure) -> MountedView {
        do {
            let mountpoint = try realPathOfParent(path)
            let runtime = MountRuntime(mountpoint: mountpoint)
            let table = try MountTable.read()
            return MountedView(
                mountpoint: mountpoint,
                mounts: table.entries(atOrBelow: mountpoint) + table.entries(atOrBelow: runtime.surroundings),
                daemon: try MountLock.holder(of: runtime.lock))
        } catch {
            throw CommandFailure(.usage, "\(path): \(error)")
        }
    }

    /// Detaches whatever of Pinfold is at the mountpoint: the view with its zones goes as one, stacked ones as well; and what is around it.
    ///
    /// What still uses it keeps it; nobody else finds it from here on. Nothing is asked of the daemon, so a dead one is no
    /// hindrance.
    func detach() throws(CommandFailure) {
        let surroundings = MountRuntime(mountpoint: mountpoint).surroundings
        for path in [mountpoint, surroundings] { try detach(path) }
        unsafe rmdir(surroundings)
    }

    private func detach(_ path: String) throws(CommandFailure) {
        for _ in 0..<64 {
            let table: MountTable
            do {
                table = try MountTable.read()
                guard table.entry(at: path)?.isPinfold == true else { return }
                _ = try check { unsafe pinfold_umount2(path, pinfold_MNT_DETACH | pinfold_UMOUNT_NOFOLLOW) }
            } catch {
                // The daemon itself takes it away when the view is gone, and a directory of its own with it.
                if error == .invalidArgument || error == .noSuchFileOrDirectory { continue }
                throw CommandFailure(.notDone, "\(path) cannot be unmounted: \(error)")
            }
        }
    }

    /// Whether the daemon ends within `seconds`: it does when the last user of its planes is gone.
    func daemonEnds(withinSeconds seconds: Int) -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        let lock = MountRuntime(mountpoint: mountpoint).lock
        while ContinuousClock.now < deadline {
            guard (try? MountLock.holder(of: lock)) != nil else { return true }
            SystemThread.sleep(milliseconds: 5)
        }
        return false
    }
}
