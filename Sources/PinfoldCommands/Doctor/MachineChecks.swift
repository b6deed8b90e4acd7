internal import AgentRun
internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import SystemPackage

/// What the machine must have, each tried by doing.
enum MachineChecks {
    static func all(source: String, zone: String) -> [Check] {
        [kernel()] + fuse(zone: zone) + [library(), helper()] + bubblewrap() + [
            notifications(), fanotify(on: source), fileHandles(on: source),
        ]
            + companions()
    }

    private static func kernel() -> Check {
        // The same as `uname -r`, whose structure two modules define differently.
        let text = String(decoding: (try? readWholeFile("/proc/sys/kernel/osrelease")) ?? [], as: UTF8.self)
        let release = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "an unknown kernel"
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        guard numbers.count == 2 else {
            return Check("kernel", .limited, "\(release) is no version that Pinfold knows; the trials below say what it can do")
        }
        let version = (numbers[0], numbers[1])
        if version >= (6, 16) { return Check("kernel", .ok, "\(release): passthrough (6.9) and cache epochs (6.16)") }
        if version >= (6, 9) {
            return Check(
                "kernel", .limited,
                "\(release): passthrough (6.9), but no cache epochs (6.16), so the view's caches live one second",
                advice: "nothing needs to be done; a kernel from 6.16 on is faster")
        }
        if version >= (5, 14) {
            return Check(
                "kernel", .limited, "\(release): neither passthrough (6.9) nor cache epochs (6.16), so zones are served by copying",
                advice: "nothing needs to be done; a kernel from 6.16 on is faster")
        }
        return Check(
            "kernel", .failed, "\(release) lacks the mount calls that the gateway is made of (5.12) and landlock (5.13)",
            advice: "use a kernel from 5.14 on")
    }

    private static func fuse(zone: String) -> [Check] {
        let device: Descriptor
        do {
            device = try Descriptor.open("/dev/fuse", .readWrite)
        } catch {
            return [
                Check(
                    "/dev/fuse", .failed, "cannot be opened: \(error)",
                    advice: "load the module with 'modprobe fuse'; give a container the device (--device /dev/fuse)")
            ]
        }
        let opened = Check("/dev/fuse", .ok, "can be opened")
        do {
            let trial = try FuseTrial(device: device, file: try trialFile(zone))
            let protocolCheck = Check("FUSE", .ok, "a filesystem can be made; protocol \(trial.major).\(trial.minor)")
            let passthrough =
                if let failure = trial.passthroughFailure {
                    Check(
                        "passthrough", .limited,
                        "not to be had: \(failure); zones are served by copying, slower with the same results",
                        advice: "a kernel from 6.9 on, CAP_SYS_ADMIN, and zones on a filesystem that is not stacked")
                } else {
                    Check("passthrough", .ok, "the kernel reads and writes the zones' files itself")
                }
            return [opened, protocolCheck, passthrough, survival(trial)]
        } catch {
            return [
                opened,
                Check(
                    "FUSE", .failed, "a filesystem cannot be made: \(error)",
                    advice:
                        "run as root with CAP_SYS_ADMIN (docker: --cap-add SYS_ADMIN, and an AppArmor profile that allows mounts)"),
            ]
        }
    }

    private static func survival(_ trial: FuseTrial) -> Check {
        let obstacle =
            if !trial.offersResending || KernelVersion.running < KernelVersion(6, 9) {
                ("the kernel cannot send requests again", "a kernel from 6.9 on (FUSE_NOTIFY_RESEND)")
            } else if !TwinProcess.areToBeHad {
                ("the kernel does not say where a thread's number is kept", "a kernel with CONFIG_CHECKPOINT_RESTORE")
            } else {
                nil as (String, String)?
            }
        guard let (reason, advice) = obstacle else {
            return Check("survival", .ok, "the view outlives the process that serves it")
        }
        return Check("survival", .limited, "the view ends with the process that serves it: \(reason)", advice: advice)
    }

    /// A file without a name on the zones' filesystem; this program where that has no such files.
    private static func trialFile(_ zone: String) throws(Errno) -> Descriptor {
        do throws(Errno) {
            return try Descriptor.open(zone, [.temporary, .readWrite], mode: 0o600)
        } catch {
            return try Descriptor.open("/proc/self/exe", .readOnly)
        }
    }

    private static func library() -> Check {
        guard unsafe pinfold_trial_library("libfuse3.so.3") == 0 else {
            return Check("libfuse3", .failed, "cannot be loaded; the gateway is linked to it", advice: "apt-get install libfuse3-3")
        }
        return Check("libfuse3", .ok, "can be loaded")
    }

    private static func helper() -> Check {
        Check("fusermount3", .ok, "not needed: the gateway mounts as root, by itself")
    }

    private static func bubblewrap() -> [Check] {
        let advice = "apt-get install bubblewrap"
        guard let asked = try? capture("bwrap", ["--version"], milliseconds: 10_000), asked.status.isSuccess else {
            return [
                Check(
                    "bubblewrap", .failed, "bwrap is not found; 'pinfold run' and the tests of a deployment need it", advice: advice
                )
            ]
        }
        let version = asked.output.split(whereSeparator: \.isNewline).first.map(String.init) ?? "bwrap"
        let arguments = [
            "--ro-bind", "/", "/", "--unshare-pid", "--unshare-ipc", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
            "--die-with-parent",
            "--", "/bin/true",
        ]
        guard let trial = try? capture("bwrap", arguments, milliseconds: 30_000) else {
            return [Check("bubblewrap", .failed, "\(version) cannot be started", advice: advice)]
        }
        if trial.status.isSuccess {
            return [Check("bubblewrap", .ok, "\(version) makes namespaces, a /proc and a /dev of their own")]
        }
        let reason = trial.errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? "\(trial.status)"
        return [
            Check(
                "bubblewrap", .failed, "\(version) cannot confine anything here: \(reason)",
                advice: "run as root with CAP_SYS_ADMIN, where mounts and new namespaces are allowed")
        ]
    }

    private static func notifications() -> Check {
        guard let obstacle = RefusalRecord.obstacle else {
            return Check("record", .ok, "'pinfold audit' shows what the kernel refuses in the read-only view")
        }
        return Check(
            "record", .limited,
            "calls cannot be told of before they are made (seccomp: \(obstacle)); what the kernel refuses in the view is not recorded",
            advice:
                "nothing needs to be done: it is refused all the same; a kernel from 5.5 on, under no other supervisor of system calls, "
                + "tells of it")
    }

    private static func fanotify(on source: String) -> Check {
        switch Watchability.of(path: source) {
        case .watched: Check("fanotify", .ok, "reports what changes beside the view, so its caches may live long")
        case .unwatched(let reason):
            Check(
                "fanotify", .limited, "changes of \(source) are not relied upon (\(reason)); the view's caches live one second",
                advice: "root with CAP_SYS_ADMIN, a kernel from 6.16 on, and a filesystem with file handles (ext4, xfs, btrfs)")
        }
    }

    private static func fileHandles(on source: String) -> Check {
        do {
            let directory = try Descriptor.open(source, [.readOnly, .directory])
            let number = directory.rawValue
            let size = try check { pinfold_trial_handle_size(number) }
            return Check("file handles", .ok, "\(source): \(size) bytes each, so the gateway needs few descriptors")
        } catch {
            return Check(
                "file handles", .limited,
                "\(source): \(error); the gateway keeps a descriptor for every file that the agent has looked at",
                advice: "put the source on ext4, xfs or btrfs, or raise the limit of open files")
        }
    }

    private static func companions() -> [Check] {
        Companion.allCases.map { companion in
            companion.isInstalled
                ? Check(companion.rawValue, .ok, companion.path)
                : Check(companion.rawValue, .failed, "is not in \(Companion.directory)", advice: "install it beside pinfold")
        }
    }
}
