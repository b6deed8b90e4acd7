internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A machine with systemd as its first process, booted in some seconds: this machine's files with everything written kept in memory, this build's
/// programs and the project's units installed, and none of this machine's services.
///
/// It has process, mount, network, IPC and control group namespaces of its own, and ends with this value.
package struct BootedMachine: ~Copyable {
    private let process: ChildProcess
    private let log: String
    /// Its first process, by the number it has here.
    private let first: Int32
    private let controlGroup: String

    /// - Parameters:
    ///   - directory: a test's own, on a disk: the one place in which the machine writes files of this one's.
    ///   - project: the repository.
    ///   - preparation: a script for bash that runs in the machine's root directory before systemd does.
    package init(in directory: String, project: String, preparation: String) throws {
        log = directory + "/boot.log"
        controlGroup = "pinfold-machine-" + directory.split(separator: "/").joined(separator: "-")
        process = try Self.start(in: directory, project: project, preparation: preparation, log: log, controlGroup: controlGroup)
        first = Self.firstProcess(of: process.pid) ?? process.pid
    }

    private static func start(in directory: String, project: String, preparation: String, log: String, controlGroup: String) throws
        -> ChildProcess
    {
        let programs = Executables.pinfold.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let output = Descriptor(owning: try check { unsafe pinfold_open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) })
        let process = try ChildProcess(
            .init(
                "bash", ["-euc", outside, "machine", directory, programs, project, controlGroup, inside, preparation],
                environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], workingDirectory: directory,
                descriptors: [1: output.rawValue, 2: output.rawValue], newSession: true))
        do {
            try eventually("systemd has started what belongs to its target") {
                guard try !process.ends(withinMilliseconds: 20) else { throw TestFailure("no machine: \(try readFile(log))") }
                guard let first = firstProcess(of: process.pid) else { return false }
                // `degraded` is well enough: a console is what it has not.
                return ["running\n", "degraded\n"].contains(try enter(first, ["systemctl", "is-system-running"]).output)
            }
        } catch {
            if let first = firstProcess(of: process.pid) { kill(first, SIGKILL) }
            remove(controlGroup)
            throw error
        }
        return process
    }

    deinit {
        // With its first process the kernel ends all others.
        kill(first, SIGKILL)
        _ = try? process.ends(withinMilliseconds: 10_000)
        Self.remove(controlGroup)
    }

    /// Runs a program in the machine, as root.
    package borrowing func run(_ words: String...) throws -> Finished {
        try Self.enter(first, words)
    }

    private static func enter(_ first: Int32, _ words: [String]) throws -> Finished {
        try TestSupport.run(
            "nsenter",
            [
                "--target", "\(first)", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--", "env",
                "-i",
            ]
                + ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] + words)
    }

    /// Runs a script in the machine, as root.
    package borrowing func shell(_ script: String) throws -> Finished { try run("bash", "-euo", "pipefail", "-c", script) }

    /// What `systemctl is-active` says of a unit: `active`, `inactive`, `failed`, `activating`, …
    package borrowing func state(of unit: String) throws -> String {
        String(try run("systemctl", "is-active", unit).output.prefix { $0 != "\n" })
    }

    /// What a unit's processes and systemd have said about it.
    package borrowing func journal(of unit: String) throws -> String {
        try run("journalctl", "--no-pager", "--output=cat", "--unit=\(unit)").output
    }

    /// The child that `unshare` has made, once it is systemd.
    private static func firstProcess(of launcher: Int32) -> Int32? {
        let children = (try? readFile("/proc/\(launcher)/task/\(launcher)/children")) ?? ""
        guard let child = children.split(separator: " ").first.flatMap({ Int32($0) }) else { return nil }
        return (try? readFile("/proc/\(child)/comm")) == "systemd\n" ? child : nil
    }

    private static func remove(_ group: String) {
        _ = try? TestSupport.shell(
            """
            for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
                [ ! -d "$top/\(group)" ] || find "$top/\(group)" -depth -type d -exec rmdir {} +
            done
            """)
    }

    /// In a control group of each hierarchy that systemd uses: what it makes of them lies below that.
    private static let outside = """
        for top in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
            [ -e "$top/cgroup.procs" ] || continue
            mkdir -p "$top/$4"
            echo $$ >"$top/$4/cgroup.procs"
        done
        exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child --propagation private bash -euc "$5" machine "$@"
        """

    /// Only what is mounted here is there afterwards: no mount of another test is kept by this machine.
    private static let inside =
        leavingOtherViews() + """
            directory=$1 programs=$2 project=$3 preparation=$6
            mkdir -p "$directory/memory" "$directory/root"
            mount -t tmpfs -o size=256m,mode=755 memory "$directory/memory"
            mkdir "$directory/memory/upper" "$directory/memory/work"
            mount -t overlay -o "lowerdir=/,upperdir=$directory/memory/upper,workdir=$directory/memory/work" overlay "$directory/root"
            cd "$directory/root"
            mkdir -p ".$directory" usr/local/lib/pinfold
            mount --bind "$directory" ".$directory"
            mount --bind "$programs" usr/local/lib/pinfold
            # A debug build takes Swift's libraries from where they were when it was linked.
            runtime=$(ldd "$programs/pinfold" | sed -n 's|.*=> \\(/.*\\)/libswiftCore.so.*|\\1|p')
            [ -z "$runtime" ] || { mkdir -p ".$runtime" && mount --bind "$runtime" ".$runtime"; }
            for place in run tmp dev etc/systemd/system etc/pinfold var/log; do
                mkdir -p $place
                mount -t tmpfs -o mode=755 machine $place
            done
            chmod 1777 tmp
            mount -t proc proc proc
            mount -t sysfs -o ro sysfs sys
            if [ -d /sys/fs/cgroup/systemd ]; then
                mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
                mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
                mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
                mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
            else
                mount -t cgroup2 cgroup2 sys/fs/cgroup
            fi
            for name in null zero full random urandom tty fuse; do
                : >dev/$name
                mount --bind /dev/$name dev/$name
            done
            mkdir dev/pts dev/shm
            mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
            ln -s pts/ptmx dev/ptmx
            ln -s /proc/self/fd dev/fd
            ln -sfn ../lib/pinfold/pinfold usr/local/bin/pinfold
            install -m 755 "$project/mount/install/mount.pinfold" usr/sbin/mount.pinfold
            install -m 644 "$project"/mount/units/*.service etc/systemd/system/
            : >etc/fstab
            eval "$preparation"
            pivot_root . mnt
            cd /
            umount -l /mnt
            exec env -i container=pinfold PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal --unit=multi-user.target
            """
}
