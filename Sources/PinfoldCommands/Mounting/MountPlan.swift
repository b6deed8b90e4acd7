internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// A configuration that was held against the machine: every path real, every rule checked. Nothing has been changed yet.
struct MountPlan: Sendable {
    let source: String
    let mountpoint: String
    let codeRepo: String
    let sandbox: String
    let account: UserAccount
    let sandboxAccess: SandboxAccess
    let live: LiveDirectories
    /// With the links resolved that lead to what its patterns name.
    let configuration: Configuration
    /// As it was read.
    private let settings: Configuration
    /// What is at the mountpoint now; a stale view is cleared by `prepare`.
    private let present: MountedView

    /// - Parameters:
    ///   - onlyOnce: a mountpoint where a view is served already is no error; `servedBy` says so.
    ///   - replaces: it is what is asked for.
    init(_ configuration: Configuration, onlyOnce: Bool = false, replaces: Bool = false) throws(CommandFailure) {
        settings = configuration
        self.configuration = configuration.resolvingSymbolicLinks()
        try Self.requireDevice()
        account = try agentAccount(configuration)
        source = try Self.directory(configuration.view.source, as: "AGENT_VIEW_SOURCE", missing: "name a directory that exists")
        let missing = "make it with 'pinfold init'"
        codeRepo = try Self.directory(configuration.zones.codeRepo, as: "AGENT_CODE_REPO_PATH", missing: missing)
        sandbox = try Self.directory(configuration.zones.sandbox, as: "AGENT_SANDBOX_PATH", missing: missing)
        sandboxAccess = SandboxAccess(self.configuration, account)
        try sandboxAccess.require(configuration.zones.sandboxAccess)
        live = try LiveDirectories(self.configuration)
        present = try MountedView.find(configuration.view.mountpoint)
        mountpoint = present.mountpoint
        if replaces { try Self.requireView(present) } else if !(onlyOnce && servedBy != nil) { try Self.checkMountpoint(present) }
        try checkNesting()
    }

    /// The process that serves the view that is at the mountpoint now.
    var servedBy: Int32? { present.isMounted ? present.daemon : nil }

    private static func requireView(_ view: MountedView) throws(CommandFailure) {
        guard view.isMounted else {
            throw CommandFailure(
                .unreachable, "no view at \(view.mountpoint): there is nothing to replace; 'pinfold mount' mounts one")
        }
        guard view.daemon != nil else {
            throw CommandFailure(
                .unreachable, "the daemon of the view at \(view.mountpoint) has died; 'pinfold mount' mounts it anew")
        }
    }

    /// By trying: the file may be there and the module or the permission may not.
    private static func requireDevice() throws(CommandFailure) {
        do {
            _ = try Descriptor.open("/dev/fuse", .readWrite)
        } catch {
            throw CommandFailure(
                .usage,
                "/dev/fuse cannot be opened: \(error); load the module with 'modprobe fuse', and give a container the device")
        }
    }

    private static func directory(_ path: String, as variable: String, missing: String) throws(CommandFailure) -> String {
        do {
            let real = try realPath(path)
            guard let status = try fileStatus(real) else { throw Errno.noSuchFileOrDirectory }
            guard status.fileType == S_IFDIR else {
                throw CommandFailure(.usage, "\(variable): \(path) is \(kind(of: status)), not a directory")
            }
            return real
        } catch let failure as CommandFailure {
            throw failure
        } catch Errno.noSuchFileOrDirectory {
            throw CommandFailure(.usage, "\(variable): \(path) does not exist; \(missing)")
        } catch {
            throw CommandFailure(.usage, "\(variable): \(path): \(error)")
        }
    }

    private func checkNesting() throws(CommandFailure) {
        let zones = [("AGENT_CODE_REPO_PATH", codeRepo), ("AGENT_SANDBOX_PATH", sandbox)]
        for (variable, zone) in zones {
            guard zone != source else {
                throw CommandFailure(
                    .usage,
                    "\(variable): \(zone) is the view's whole source, so nothing would be read-only; put it below the source")
            }
            guard isPath(zone, atOrBelow: source) else {
                throw CommandFailure(
                    .usage, "\(variable): \(zone) is outside AGENT_VIEW_SOURCE \(source); a zone lies below the source")
            }
            if isPath(mountpoint, atOrBelow: zone) {
                throw CommandFailure(
                    .usage,
                    "AGENT_VIEW_MOUNTPOINT: \(mountpoint) lies in the zone \(zone), which is the agent's; mount the view elsewhere")
            }
        }
        if isPath(codeRepo, atOrBelow: sandbox) || isPath(sandbox, atOrBelow: codeRepo) {
            throw CommandFailure(
                .usage,
                "AGENT_CODE_REPO_PATH \(codeRepo) and AGENT_SANDBOX_PATH \(sandbox) lie inside each other; zones are separate "
                    + "directories"
            )
        }
        if isPath(source, atOrBelow: mountpoint) {
            throw CommandFailure(
                .usage,
                "AGENT_VIEW_MOUNTPOINT: \(mountpoint) would hide the source \(source) that it shows; mount the view elsewhere")
        }
    }

    /// A missing mountpoint is made below `/run/pinfold` alone: anywhere else it is more likely a mistyped path.
    private static func checkMountpoint(_ view: MountedView) throws(CommandFailure) {
        let path = view.mountpoint
        func refuse(_ reason: String) -> CommandFailure { CommandFailure(.usage, "AGENT_VIEW_MOUNTPOINT: \(path) \(reason)") }
        if let daemon = view.daemon {
            throw refuse(
                view.isMounted
                    ? "is in use: process \(daemon) serves a view there; take it down with 'pinfold umount'"
                    : "is in use: process \(daemon) begins to serve a view there, or still serves one that was detached from it "
                        + "and ends with the last process in it"
            )
        }
        if let other = view.others.last(where: { $0.mountpoint == path }) {
            throw refuse("is in use: \(other.type) is mounted there")
        }
        // The kernel would ask the dead daemon.
        if view.isStale { return }
        do {
            guard let status = try fileStatus(path) else {
                guard isPath(path, atOrBelow: MountRuntime.directory) else {
                    throw refuse("does not exist; make the directory first")
                }
                return
            }
            guard status.fileType == S_IFDIR else { throw refuse("is \(kind(of: status)), not a directory") }
            guard try names(inDirectory: path).isEmpty else { throw refuse("is in use: the directory is not empty") }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw refuse("cannot be used: \(error)")
        }
    }

    /// Keeps others from starting a view here, clears what a crash left and makes what is missing.
    /// - Parameter file: where the configuration came from, for those that look for the view when it is wrong.
    func prepare(file: String?) throws(CommandFailure) -> MountStart {
        let lock = try lockStart()
        // Another start may have come to its end since this one looked.
        let present = try MountedView.find(mountpoint)
        try Self.checkMountpoint(present)
        if present.isStale {
            try present.detach()
            Terminal.complain("cleared away the view of a dead daemon at \(mountpoint)")
        }
        var made = MadePaths()
        do throws(CommandFailure) {
            do throws(Errno) { try makeDirectories(mountpoint, made: &made) } catch {
                throw CommandFailure(making: mountpoint, error)
            }
            try makeClosed(&made)
            return MountStart(settings: try record(file: file, made: &made), made: made, lock: lock)
        } catch {
            made.takeBack()
            throw error
        }
    }

    /// Two starts at once would take each other's directories and log for their own.
    private func lockStart() throws(CommandFailure) -> MountLock {
        // Not one of those that are taken back: others may have something in it by then.
        var shared = MadePaths()
        do throws(Errno) { try makeDirectories(MountRuntime.directory, made: &shared) } catch {
            throw CommandFailure(making: MountRuntime.directory, error)
        }
        let path = MountRuntime(mountpoint: mountpoint).start
        do throws(MountLock.Failure) {
            return try MountLock(path: path)
        } catch {
            switch error {
            case .held(let held):
                let who = held.pid.map { "process \($0)" } ?? "another process"
                throw CommandFailure(.usage, "AGENT_VIEW_MOUNTPOINT: \(mountpoint) is in use: \(who) is mounting a view there")
            case .failed(let code): throw CommandFailure(.notDone, "the lock \(path) cannot be taken: \(code)")
            }
        }
    }

    /// Makes the directories that are root's alone.
    func makeClosed(_ made: inout MadePaths) throws(CommandFailure) {
        let closed = [
            (path: configuration.data.auditDirectory, use: "the audit record goes"),
            (path: configuration.data.usageDirectory, use: "what the zones hold is counted"),
        ]
        for (path, use) in closed {
            do throws(Errno) {
                if try fileStatus(path) == nil { try makeDirectories(path, mode: 0o700, made: &made) }
            } catch {
                throw CommandFailure(making: "\(path), where \(use),", error)
            }
        }
    }

    /// Writes down the settings that the view is to be served with: the gateway keeps them once the view answers, not before. A start that fails leaves nothing
    /// that looks like a view that has died.
    /// - Returns: Where.
    func record(file: String?, made: inout MadePaths) throws(CommandFailure) -> String {
        let path = MountRuntime(mountpoint: mountpoint).preparedSettings(by: getpid())
        do throws(Errno) {
            let running = RunningSettings(settings, file: file, workingDirectory: workingDirectory())
            try writeDurably(String(decoding: running.encoded, as: UTF8.self), to: path, mode: 0o600, made: &made)
            return path
        } catch {
            throw CommandFailure(.notDone, "\(path) cannot be written: \(error)")
        }
    }
}

/// What a start has until the gateway goes on with it: the mountpoint to itself, and what it has made.
struct MountStart: ~Copyable {
    /// Where the settings wait.
    let settings: String
    private let made: MadePaths
    /// Let go of by the end of this process, and by what it becomes: the gateway has a lock of its own.
    private let lock: MountLock

    init(settings: String, made: MadePaths, lock: consuming MountLock) {
        self.settings = settings
        self.made = made
        self.lock = lock
    }

    /// The view does not come: nothing of the attempt stays.
    func takeBack() { made.takeBack() }
}

extension CommandFailure {
    /// A directory that cannot be made: what was asked for is wrong, or the machine could not do it this time.
    init(making what: String, _ code: Errno) {
        self.init(code.isOfTheMachine ? .notDone : .usage, "\(what) cannot be made: \(code)")
    }
}

/// The account that `AGENT_USER` names; root is refused.
func agentAccount(_ configuration: Configuration) throws(CommandFailure) -> UserAccount {
    do {
        return try configuration.agent.account()
    } catch {
        throw CommandFailure(.usage, error.description)
    }
}

extension UserAccount {
    /// `uid:gid`, as `pinfold-mount --agent` takes it.
    var specification: String { "\(uid):\(gid)" }
}
