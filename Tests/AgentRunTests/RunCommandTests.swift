import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)), .serialized)
struct `pinfold run` {
    @Test(arguments: [false, true])
    func `shows paths as they are outside, and lets the agent write in its zones`(whole: Bool) throws {
        try withGateway(whole: whole) { gateway in
            let data = gateway.data
            try writeFile(data + "/models/model", "weights")
            let finished = try gateway.inside([
                "sh", "-ec",
                "cat \(data)/models/model; echo repo > \(data)/code-repo/a; echo box > \(data)/sandbox/b; id -u; pwd; echo $HOME",
            ])
            #expect(finished.output == "weights\(testUser.uid)\n/\n\(data)/sandbox\n", "\(finished)")
            #expect(finished.status == .exited(0))
            #expect(try readFile(data + "/code-repo/a") == "repo\n")
            #expect(try readFile(data + "/sandbox/b") == "box\n")
            #expect(status(data + "/sandbox/b")?.st_uid == testUser.uid)
        }
    }

    @Test func `runs git in code-repo`() throws {
        try withGateway(whole: true) { gateway in
            let script = """
                cd \(gateway.data)/code-repo; git init -q .; git config user.name A 2>/dev/null; export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b \
                GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b; echo x > f; git add f; git commit -qm one; git branch other; git switch -q other; git log --oneline | wc -l
                """
            let finished = try gateway.inside(["sh", "-ec", script])
            #expect(finished.status == .exited(0), "\(finished)")
            #expect(finished.output.hasSuffix("1\n"))
        }
    }

    @Test(arguments: [("exit 3", 3), ("kill -KILL $$", 137), ("no-such-command", 127)] as [(String, Int32)])
    func `ends as its command ends`(script: String, code: Int32) throws {
        try withGateway(whole: false) { gateway in
            let finished = try gateway.inside(["sh", "-c", script])
            #expect(finished.status == .exited(code), "\(finished)")
        }
    }

    @Test func `passes signals on and takes everything with it`() throws {
        try withGateway(whole: false) { gateway in
            let marker = gateway.data + "/sandbox/started"
            for (number, word) in [(SIGTERM, "TERM"), (SIGINT, "INT"), (SIGHUP, "HUP"), (SIGUSR1, "USR1")] {
                let trap =
                    "trap 'echo \(word) >> \(gateway.data)/sandbox/signals; exit 9' \(word); touch \(marker); sleep 1000 & wait"
                let process = try ChildProcess(.init(Executables.pinfold, gateway.arguments(["sh", "-c", trap]), descriptors: [:]))
                try eventually("it has started") { exists(marker) }
                try process.signal(number)
                let status = try process.wait()
                #expect(status == .exited(9))
                unsafe unlink(marker)
            }
            let signals = try readFile(gateway.data + "/sandbox/signals")
            #expect(signals == "TERM\nINT\nHUP\nUSR1\n")
            // Killed, it cannot pass anything on: what is inside has to notice.
            let process = try ChildProcess(
                .init(Executables.pinfold, gateway.arguments(["sh", "-c", "touch \(marker); sleep 1000"]), descriptors: [:]))
            try eventually("it has started") { exists(marker) }
            try process.signal(SIGKILL)
            _ = try process.wait()
            try eventually("nothing of the agent's is left") {
                try run(
                    "sh",
                    [
                        "-c",
                        "grep -ls '^Uid:[[:space:]]*\(testUser.uid)[[:space:]]' /proc/[0-9]*/status | xargs -r grep -l sleep || true",
                    ]
                ).output.isEmpty
            }
        }
    }

    @Test func `is exit 4 where no view is mounted, and where its daemon is dead`() throws {
        try withTemporaryDirectory { directory in
            for name in ["view", "data/code-repo", "data/sandbox"] { try makeDirectories(directory + "/" + name) }
            let finished = try run(
                Executables.pinfold,
                [
                    "run", "--source", directory, "--mountpoint", directory + "/view", "--data-root", directory + "/data",
                    "--agent-user",
                    "61017:61017", "--", "true",
                ])
            #expect(finished.status == .exited(4), "\(finished)")
            #expect(finished.errors.contains("no view is mounted at \(directory)/view; run 'pinfold mount' first"))
        }
    }

    @Test func `is exit 2 where the agent's user does not exist, whatever is mounted`() throws {
        try withTemporaryDirectory { directory in
            for name in ["view", "data/code-repo", "data/sandbox"] { try makeDirectories(directory + "/" + name) }
            let finished = try run(
                Executables.pinfold,
                [
                    "run", "--source", directory, "--mountpoint", directory + "/view", "--data-root", directory + "/data",
                    "--agent-user", "nobody-at-all", "--", "true",
                ])
            #expect(finished.status == .exited(2) && finished.errors.contains("there is no such user"), "\(finished)")
        }
    }

    @Test func `starts though the daemon of somebody else's view hangs`() throws {
        try withGateway(whole: false) { gateway in
            try withTemporaryDirectory { directory in
                // Its names are to be asked for again each second, of the process that is stopped.
                let other = try Gateway(directory, whole: false, without: ["long-lifetimes", "survival"])
                try other.signal(SIGSTOP)
                // On the way to the zones: what was asked for a second ago is not known any more, and a look would wait for the daemon.
                let way = other.mounted(other.data)
                try eventually("nothing of the other view is remembered") {
                    try run("timeout", ["-s", "KILL", "0.2", "stat", way]).status != .exited(0)
                }
                let words = ["-s", "KILL", "30", Executables.pinfold] + gateway.arguments(["echo", "started"])
                let finished = Result { try run("timeout", words) }
                try other.signal(SIGCONT)
                try other.stop()
                #expect(try finished.get().output == "started\n")
            }
        }
    }

    @Test func `starts nothing where a zone of the configuration is not mounted`() throws {
        try withGateway(whole: false) { gateway in
            try makeDirectories(gateway.data + "/elsewhere")
            let finished = try gateway.inside(["true"], options: ["--set", "AGENT_SANDBOX_PATH=\(gateway.data)/elsewhere"])
            #expect(finished.status == .exited(4), "\(finished)")
            #expect(finished.errors.contains("has no writable zone for \(gateway.data)/elsewhere"))
        }
    }

    @Test func `starts nothing when the view underneath is writable after all`() throws {
        try withGateway(whole: false) { gateway in
            // An admin's mistake: something writable mounted into the view.
            let place = gateway.mounted(gateway.data + "/models/directory")
            try run("mount", ["-t", "tmpfs", "none", place]).requireSuccess()
            defer { _ = try? run("umount", ["-l", place]) }
            let finished = try gateway.inside(["sh", "-c", "echo started"])
            #expect(finished.status == .exited(1), "\(finished)")
            #expect(finished.errors.contains("is mounted writable and should not be"))
            #expect(finished.output.isEmpty)
        }
    }

    @Test func `does not reach another agent's zones`() throws {
        try withGateway(whole: false) { other in
            try withGateway(whole: false) { gateway in
                let places = [
                    other.data + "/sandbox", other.mounted(other.data + "/sandbox"), gateway.mounted(gateway.data + "/sandbox"),
                ]
                let script = places.map { "attempt(\"\($0)\", lambda: open(\"\($0)/made\", \"w\"))\n" }.joined()
                let finished = try gateway.attack(script)
                let found = verdicts(finished)
                #expect(found.count == 3, "\(finished)")
                #expect(!found.values.contains("done"), "\(found)")
                #expect(!exists(other.data + "/sandbox/made") && !exists(gateway.data + "/sandbox/made"))
            }
        }
    }

    @Test func `explains the fence without a view, and starts nothing`() throws {
        try withTemporaryDirectory { directory in
            for name in ["view", "data/code-repo", "data/sandbox"] { try makeDirectories(directory + "/" + name) }
            let finished = try run(
                Executables.pinfold,
                [
                    "run", "--explain", "--source", directory, "--mountpoint", directory + "/view", "--data-root",
                    directory + "/data", "--agent-user",
                    "61017:61017", "--", "touch", directory + "/data/sandbox/x",
                ])
            #expect(finished.status == .exited(0), "\(finished)")
            #expect(finished.output.contains("\(directory) is \(directory)/view"))
            #expect(finished.output.contains("calls that would modify are seen before the kernel refuses them"))
            #expect(!exists(directory + "/data/sandbox/x"))
        }
    }

    @Test func `passes on only the variables that were asked for`() throws {
        try withGateway(whole: false) { gateway in
            let finished = try gateway.inside(
                ["env"], options: ["--env", "KEY", "--env", "OTHER=a=b"],
                environment: ["KEY": "k", "SECRET": "s", "LC_ALL": "C", "SSH_AUTH_SOCK": "/x"])
            let names = Set(finished.output.split(separator: "\n").map { $0.split(separator: "=")[0] })
            #expect(finished.output.contains("KEY=k\n"))
            #expect(finished.output.contains("OTHER=a=b\n"))
            #expect(names.isDisjoint(with: ["SECRET", "SSH_AUTH_SOCK", "OLDPWD"]))
            let missing = try gateway.inside(["env"], options: ["--env", "NOT_SET_HERE"])
            #expect(missing.status == .exited(2))
        }
    }

    @Test func `hides what is hidden, in the view and around a narrower one`() throws {
        let hide = ["/etc/host?ame", "/etc/ssl"]
        for whole in [true, false] {
            try withGateway(whole: whole, hide: hide) { gateway in
                let finished = try gateway.inside(
                    ["sh", "-c", "cat /etc/hostname; ls -A /etc/ssl; cat /etc/passwd > /dev/null && echo read"],
                    options: ["--set", "AGENT_VIEW_HIDE=\(hide.joined(separator: ":"))"])
                #expect(finished.output == "read\n", "\(finished)")
            }
        }
    }

    @Test func `keeps the caller's directory`() throws {
        try withGateway(whole: false) { gateway in
            let here = try gateway.inside(["pwd"], directory: gateway.data + "/models")
            #expect(here.output == gateway.data + "/models\n", "\(here)")
            // Not inside: /tmp is the command's own.
            try makeDirectories("/tmp/pinfold-test-\(getpid())")
            defer { _ = try? run("rmdir", ["/tmp/pinfold-test-\(getpid())"]) }
            let elsewhere = try gateway.inside(["pwd"], directory: "/tmp/pinfold-test-\(getpid())")
            #expect(elsewhere.output == gateway.data + "/sandbox\n", "\(elsewhere)")
        }
    }

    @Test(arguments: [true, false])
    func `serves a data root in a directory that is the command's own otherwise`(whole: Bool) throws {
        // What lies over the host's /tmp in there has only the way to the zones in it, and the user has to come through that.
        try withGateway(whole: whole, below: "/tmp") { gateway in
            let made = try gateway.inside(["sh", "-c", "echo here > made; pwd"], directory: gateway.data + "/sandbox")
            #expect(made.output == gateway.data + "/sandbox\n", "\(made)")
            #expect(try readFile(gateway.data + "/sandbox/made") == "here\n")
            let refused = try gateway.inside(["touch", gateway.data + "/models/new"], directory: gateway.data + "/sandbox")
            #expect(refused.errors.contains("Read-only file system"), "\(refused)")
        }
    }

    @Test func `gives the command the terminal, and takes it back`() throws {
        try withGateway(whole: false) { gateway in
            let inside = """
                import fcntl, os, signal, sys, termios, time
                print("terminals", os.isatty(0), os.isatty(1), os.tcgetpgrp(0) == os.getpgrp())
                open("/dev/tty", "w").write("by its name\\n")
                try: fcntl.ioctl(0, termios.TIOCSTI, b"x"); print("typed")
                except OSError as error: print("not typed", error.errno)
                attributes = termios.tcgetattr(0); attributes[3] &= ~termios.ECHO; termios.tcsetattr(0, termios.TCSANOW, attributes)
                print("line", input())
                print("waiting", flush=True)
                time.sleep(1000)
                """
            let driver = """
                import os, pty, select, sys, termios, time
                pid, terminal = pty.fork()
                if pid == 0:
                    os.execv(sys.argv[1], sys.argv[1:])
                seen = b""
                def until(word):
                    global seen
                    end = time.time() + 60
                    while word not in seen:
                        if time.time() > end: print(seen); sys.exit("not seen: %r" % word)
                        if select.select([terminal], [], [], 1)[0]:
                            try: seen += os.read(terminal, 4096)
                            except OSError: break
                until(b"not typed 1")
                os.write(terminal, b"hello\\n")
                until(b"line hello")
                until(b"waiting")
                code = None
                end = time.time() + 60
                while time.time() < end:
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    if ended: code = os.waitstatus_to_exitcode(status); break
                    # Python misses one that comes between its last look and the sleep, whose code is read from the view first.
                    try: os.write(terminal, b"\\x03")
                    except OSError: pass
                    if select.select([terminal], [], [], 0.5)[0]:
                        try: seen += os.read(terminal, 4096)
                        except OSError: pass
                print(seen.decode().replace("\\r", ""))
                print("code", code)
                """
            let finished = try run(
                "/usr/bin/python3",
                ["-I", "-c", driver, Executables.pinfold] + gateway.arguments(["/usr/bin/python3", "-I", "-c", inside]))
            #expect(finished.output.contains("terminals True True True"), "\(finished)")
            #expect(finished.output.contains("by its name"))
            // Python ends of a KeyboardInterrupt as if by the signal.
            #expect(finished.output.contains("code 130"))
        }
    }
}
