import LinuxSystem
import TestSupport
import Testing

/// Kernels that lack what Pinfold would like: the whole of `pinfold` under a filter of system calls that answers as such a kernel does, or under
/// another kernel's name, in mounts of its own. `mount/checks/kernels` boots real ones.
@Suite(.timeLimit(.minutes(10))) struct KernelFallbackTests {
    struct Lack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The kernel's name; its own where empty.
        var release = ""
        /// A system call that is refused: its name, which `errno`, and with what as its first argument.
        var refused = ""
        /// What `pinfold doctor` says.
        let doctor: [String]
        /// What the daemon says.
        let log: String
        /// Whether the view goes on when the process that serves it is killed.
        var survives = false
    }

    private static let oneProcess = "this kernel lets no process go on with the view (Linux 6.9): killed, this daemon ends it"
    private static let oneSecond = "names and attributes are kept for one second"

    @Test(
        arguments: [
            Lack(
                testDescription: "before Linux 6.9", release: "6.1.0-57-amd64",
                doctor: [
                    "limited  kernel: 6.1.0-57-amd64: neither passthrough (6.9) nor cache epochs (6.16)",
                    "limited  survival: the view ends with the process that serves it: the kernel cannot send requests again",
                    "limited  fanotify: changes of ", "Linux 6.1 cannot take back all names at once",
                ], log: oneProcess),
            Lack(
                testDescription: "before Linux 6.16", release: "6.12.117-amd64",
                doctor: [
                    "limited  kernel: 6.12.117-amd64: passthrough (6.9), but no cache epochs (6.16)",
                    "ok       survival: ", "Linux 6.12 cannot take back all names at once",
                ], log: oneSecond, survives: true),
            Lack(
                testDescription: "without fanotify", refused: "fanotify_init ENOSYS",
                doctor: ["limited  fanotify: changes of ", "the view's caches live one second", "ok       survival: "],
                log: oneSecond,
                survives: true),
            Lack(
                testDescription: "without CONFIG_CHECKPOINT_RESTORE", refused: "prctl EINVAL 40",
                doctor: ["limited  survival: ", "to do: a kernel with CONFIG_CHECKPOINT_RESTORE", "ok       fanotify: "],
                log: oneProcess),
        ])
    func `the view and the zones are the same, changes are seen, and it is said what is missing`(_ lack: Lack) throws {
        try Installation.with { installation in
            try installation.makeZones()
            let said = try run(
                "unshare",
                [
                    "--mount", "--propagation", "private", "sh", "-c", leavingOtherViews() + "exec \"$@\"", "sh",
                    "/usr/bin/python3", "-I", "-c", Self.limited, lack.release, lack.refused,
                ]
                    + ["bash", "-euc", Self.use, "use", Executables.pinfold, installation.file, "\(installation.agent.uid)"]
                    + [MountRuntime(mountpoint: installation.mountpoint).log, "\(lack.survives)"],
                environment: installation.environment, workingDirectory: installation.root)
            let output = try said.requireSuccess()
            for line in lack.doctor { #expect(output.contains(line), "\(line): \(output)") }
            #expect(output.contains(lack.log), "\(output)")
            #expect(output.hasSuffix("all of it\n"), "\(said)")
        }
    }

    /// Becomes the command under another kernel's name, or where one system call is refused (`man 2 seccomp`).
    private static let limited = """
        import ctypes, errno, os, subprocess, struct, sys
        release, refused, command = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
        if release:
            open("release", "w").write(release + "\\n")
            subprocess.run(["mount", "--bind", "release", "/proc/sys/kernel/osrelease"], check=True)
        if refused:
            numbers = {"fanotify_init": (300, 262), "prctl": (157, 167)}[refused[0]]
            number = numbers[0] if os.uname().machine == "x86_64" else numbers[1]
            answer = 0x50000 | getattr(errno, refused[1])
            argument = int(refused[2]) if len(refused) > 2 else None
            code = [(0x20, 0, 0, 0), (0x15, 0, 1 if argument is None else 3, number)]
            if argument is not None: code += [(0x20, 0, 0, 16), (0x15, 0, 1, argument)]
            code += [(0x06, 0, 0, answer), (0x06, 0, 0, 0x7fff0000)]
            room = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
            program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(room)))
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
        os.execvp(command[0], command)
        """

    /// Doctor, mount, the agent's work, changes beside the view, the end of the process that serves, umount.
    private static let use = """
        pinfold() { "$program" "$@" --config "$configuration"; }
        program=$1 configuration=$2 agent=$3 log=$4 survives=$5 view=$AGENT_VIEW_MOUNTPOINT data=$AGENT_DATA_ROOT
        inside=$view${data#"$AGENT_VIEW_SOURCE"}
        soon() { for _ in $(seq 200); do if "$@"; then return; fi; sleep 0.05; done; echo "not soon: $*"; exit 1; }
        as_agent() { setpriv --reuid="$agent" --regid="$agent" --clear-groups sh -euc "$1"; }
        pinfold doctor || true
        pinfold mount
        cat "$log"
        for zone in code-repo sandbox; do
            as_agent "cd '$inside/$zone'; seq 20000 >a; seq 20000 >>a; mv a b; cat b >c; cmp b c"
            cmp "$data/$zone/b" "$data/$zone/c"
        done
        if as_agent "echo >'$inside/logs/theirs'"; then exit 1; fi
        echo one >file
        soon test "$(cat "$view/file")" = one
        is() { test "$(cat "$view/file")" = "$1"; }
        echo two >new; mv new file; soon is two
        echo three >>file; soon is $'two\\nthree'
        there() { test -e "$view/later"; }
        if there; then exit 1; fi
        : >later; soon there
        rm later; gone() { ! there; }; soon gone
        name=pinfold-mount; [ "$survives" = false ] || name=pinfold-server
        for number in $(pgrep -r R,S,D -x $name); do
            if tr '\\0' '\\n' <"/proc/$number/cmdline" | grep -qxF "$view"; then kill -KILL "$number"; fi
        done
        if [ "$survives" = true ]; then
            as_agent "cd '$inside/code-repo'; cmp b c; seq 10 >d"
            test "$(cat "$data/code-repo/d")" = "$(seq 10)"
        else
            dead() { ! timeout 20 stat "$view/file" >stat.out 2>&1; }; soon dead
            grep -q 'not connected\\|abort' stat.out
        fi
        pinfold umount
        if grep -qF "$view" /proc/self/mountinfo; then exit 1; fi
        echo all of it
        """
}
