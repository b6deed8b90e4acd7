internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Tries what must fail, before anything of a stranger's runs: whoever changes the mounts, the kernel or this code finds out here.
struct SelfTest {
    private let orders: StageOrders

    init(_ orders: StageOrders) {
        self.orders = orders
    }

    /// Every mount that this namespace has is read-only, or is one of those that the fence says.
    func onlyExpectedMountsAreWritable() throws(FenceError) {
        guard let table = try? MountTable.read() else {
            throw FenceError("/proc/self/mountinfo cannot be read", kind: .refused)
        }
        var seen = false
        for mount in table.entries {
            seen = true
            let path = mount.mountpoint
            let expected =
                mount.isReadOnly || path == "/proc" || path.hasPrefix("/dev/")
                || orders.writable.contains { path == $0 || path.hasPrefix($0 + "/") }
                // Wholly covered by what was mounted over it: no path leads there, and nobody inside can unmount.
                || table.entries.contains { $0.parent == mount.id && $0.mountpoint == path }
            guard expected else {
                throw FenceError(
                    "self-test: \(path) (\(mount.type)) is mounted writable and should not be; nothing was started", kind: .refused)
            }
        }
        guard seen else { throw FenceError("self-test: the mount table is empty; nothing was started", kind: .refused) }
    }

    /// With every capability and no filter, a file cannot be made: so it is the mount that refuses, not a permission.
    func rootCannotCreate() throws(FenceError) {
        for directory in orders.sealed {
            let error = attemptToCreate(in: directory)
            guard error == .readOnlyFileSystem else { throw refusal(directory, error, "root") }
        }
        // A zone that the kernel serves by itself: root is nobody there.
        for mount in (try? MountTable.read())?.entries ?? [] where mount.isDirect {
            let error = attemptToCreate(in: mount.mountpoint)
            guard error == .overflow else { throw refusal(mount.mountpoint, error, "root") }
        }
    }

    /// The command's user, behind all layers: no file in a sealed directory, no mount, no namespace, no way back to root.
    func userCannotEscape() throws(FenceError) {
        for directory in orders.sealed {
            let error = attemptToCreate(in: directory)
            // ENOENT and ENOTDIR are no proof, and success is the opposite of one.
            guard let error, [.readOnlyFileSystem, .permissionDenied, .notPermitted].contains(error) else {
                throw refusal(directory, error, "the agent's user")
            }
        }
        try mustFail("mount") { unsafe pinfold_fence_mount("none", "/tmp", "tmpfs", 0) }
        try mustFail("umount") { unsafe pinfold_fence_detach("/proc") }
        try mustFail("a new user namespace") { pinfold_fence_unshare(CLONE_NEWUSER) }
        try mustFail("ptrace") { Int32(clamping: pinfold_fence_ptrace_traceme()) }
        try mustFail("setuid(0)") { setresuid(0, 0, 0) }
        try mustFail("setgid(0)") { setresgid(0, 0, 0) }
        try Credentials.verify(orders.user)
    }

    private func attemptToCreate(in directory: String) -> Errno? {
        let path = (directory == "/" ? "" : directory) + "/.pinfold-self-test-\(getpid())"
        do throws(Errno) {
            _ = try Descriptor.open(path, [.writeOnly, .create, .exclusive], mode: 0o600)
            unsafe unlink(path)
            return nil
        } catch {
            return error
        }
    }

    private func refusal(_ directory: String, _ error: Errno?, _ who: String) -> FenceError {
        guard let error else {
            return FenceError("self-test: \(who) could create a file in \(directory); nothing was started", kind: .refused)
        }
        return FenceError(
            "self-test: creating a file in \(directory) as \(who) gave '\(error)', which proves nothing; nothing was started",
            kind: .refused)
    }

    private func mustFail(_ what: String, _ body: () -> Int32) throws(FenceError) {
        do throws(Errno) {
            _ = try check(body)
        } catch {
            guard error == .notPermitted else {
                throw FenceError("self-test: \(what) gave '\(error)' and not EPERM; nothing was started", kind: .refused)
            }
            return
        }
        throw FenceError("self-test: \(what) succeeded; nothing was started", kind: .refused)
    }
}
