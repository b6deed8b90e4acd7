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
            return [opened, protocolCheck, passthrough, rings(trial)]
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

    private static func rings(_ trial: FuseTrial) -> Check {
        if trial.offersRings {
            return Check("io_uring", .ok, "requests in zones stay on the processor that they were made on")
        }
        let parameter = "/sys/module/fuse/parameters/enable_uring"
        if unsafe access(parameter, F_OK) == 0 {
            return Check(
                "io_uring", .limited, "the kernel's FUSE may not use it, so a request in a zone is dearer than it need be",
                advice: "echo Y > \(parameter), then mount anew; for good: 'options fuse enable_uring=1' in /etc/modprobe.d, or "
                    + "fuse.enable_uring=1 on the kernel's command line")
        }
        return Check(
            "io_uring", .limited, "this kernel's FUSE has none (6.14), so a request in a zone is dearer than it need be",
            advice: "nothing needs to be done; a kernel from 6.14 on is faster")
    }

    /// A file without a name on the zones' filesystem; this program where that has no such files.
    private static func trialFile(_ zone: String) throws(Errno) -> Descriptor {
        if let unnamed = try? check({ unsafe pinfold_open(zone, pinfold_O_TMPFILE | O_RDWR | O_CLOEXEC, 0o600) }) {
            return Descriptor(owning: unnamed)
        }
        return try Descriptor.open("/proc/self/exe", .readOnly)
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

    /// `FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME | FAN_REPORT_FID`, and a mark for the source's whole filesystem.
    private static func fanotify(on source: String) -> Check {
        do {
            let queue = Descriptor(
                owning: try check { pinfold_trial_fanotify_init(0x1 | 0xc00 | 0x200, UInt32(O_RDONLY | O_CLOEXEC)) })
            let directory = try Descriptor.open(source, [.readOnly, .directory])
            let numbers = (queue.rawValue, directory.rawValue)
            // FAN_MARK_ADD | FAN_MARK_FILESYSTEM; modify, attrib, moved, create, delete, on directories too.
            _ = try check {
                pinfold_trial_fanotify_mark(numbers.0, 0x1 | 0x100, 0x2 | 0x4 | 0xc0 | 0x100 | 0x200 | 0x4000_0000, numbers.1)
            }
            return Check("fanotify", .ok, "reports what changes beside the view, so its caches may live long")
        } catch {
            return Check(
                "fanotify", .limited, "cannot watch \(source): \(error); the view's caches live one second",
                advice: "run as root with CAP_SYS_ADMIN, on a filesystem with file handles (ext4, xfs, btrfs)")
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
