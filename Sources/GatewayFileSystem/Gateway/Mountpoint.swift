internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The directory that a view is mounted on: one daemon at a time has it.
struct Mountpoint: ~Copyable {
    let path: String
    /// What lies below the mount.
    let directory: Descriptor
    let lock: MountLock
    /// Where what is around the view is mounted.
    private let surroundings: String

    /// Takes the lock, clears what a dead daemon left, and sees to it that nothing else is mounted there.
    /// - Parameter surroundings: a directory for what is around the view, made where it is missing; nil where nothing is.
    init(_ path: String, surroundings: String?) throws(GatewayError) {
        let lock = try Self.takeLock(path)
        // Whoever has the lock knows that no daemon serves what is mounted here.
        let around = surroundings ?? MountRuntime(mountpoint: path).surroundings
        for directory in [path, around] { try Self.clearStale(directory) }
        if let surroundings {
            // Only root has to come here: what is mounted on it lets in whom `/` does.
            unsafe mkdir(surroundings, 0o700)
            _ = try Self.open(surroundings, "--surroundings")
        }
        directory = try Self.open(path, "--mountpoint")
        self.surroundings = around
        self.lock = lock
        self.path = path
    }

    /// The one that another process has, with a view on it that lives.
    /// - Parameters:
    ///   - directory: what lies below the mount.
    ///   - lock: of the other process until it is renewed.
    init(adopting path: String, surroundings: String?, directory: consuming Descriptor, lock: consuming MountLock) {
        self.path = path
        self.surroundings = surroundings ?? MountRuntime(mountpoint: path).surroundings
        self.directory = directory
        self.lock = lock
    }

    /// Detaches what is mounted here, with all that is in it. Only what is Pinfold's: somebody may have mounted over it, or have unmounted it already.
    borrowing func clear() {
        for directory in [path, surroundings] {
            if let top = try? MountTable.read().entry(at: directory), top.isPinfold {
                try? Unmounting.unmount(directory, lazily: true)
            }
        }
        unsafe unlinkat(pinfold_AT_FDCWD, surroundings, AT_REMOVEDIR)
    }

    private static func takeLock(_ path: String) throws(GatewayError) -> MountLock {
        unsafe mkdir(MountRuntime.directory, 0o755)
        let file = MountRuntime(mountpoint: path).lock
        // How long a process may take to be gone whose keeper was killed: it has the lock until then.
        let deadline = SystemClock.monotonic + 10_000_000_000
        while true {
            do throws(MountLock.Failure) {
                return try MountLock(path: file)
            } catch {
                switch error {
                case .held(let held):
                    if let keeper = held.pid, isGone(keeper), SystemClock.monotonic < deadline {
                        SystemThread.sleep(milliseconds: 5)
                        continue
                    }
                    throw .configuration(
                        "--mountpoint: \(path) is in use: \(held.pid.map { "process \($0)" } ?? "another process") serves a view there"
                    )
                case .failed(let code):
                    throw .failure("the lock \(file) cannot be taken: \(code)")
                }
            }
        }
    }

    private static func isGone(_ process: Int32) -> Bool { kill(process, 0) != 0 && Errno.current == .noSuchProcess }

    private static func clearStale(_ path: String) throws(GatewayError) {
        do throws(Errno) {
            // Each detaching takes the mounts below along; several views may lie on each other after several crashes.
            while try MountTable.read().entry(at: path)?.isPinfold == true { try Unmounting.unmount(path, lazily: true) }
        } catch {
            throw .failure("the mount that a dead daemon left at \(path) cannot be removed: \(error)")
        }
    }

    private static func open(_ path: String, _ option: String) throws(GatewayError) -> Descriptor {
        let table: MountTable
        do throws(Errno) { table = try MountTable.read() } catch { throw .failure("/proc/self/mountinfo cannot be read: \(error)") }
        if let other = table.entry(at: path) {
            throw .configuration("\(option): \(path) is in use: \(other.type) is mounted there")
        }
        do throws(Errno) {
            return try Descriptor.open(path, [.path, .directory, .noFollow])
        } catch {
            throw .configuration(
                "\(option): \(path) \(error == .notDirectory ? "is not a directory" : "cannot be used: \(error)")")
        }
    }
}
