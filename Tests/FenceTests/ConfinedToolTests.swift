import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct `A confined tool` {
    @Test func `runs as its user with nothing that root had`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                print(os.getresuid(), os.getresgid(), os.getgroups())
                for line in open("/proc/self/status"):
                    if line.startswith(("Cap", "NoNewPrivs", "Seccomp:")): print(line.split()[0], line.split()[1])
                """
            let output = try attack(script, in: try toolFence(directory)).requireSuccess()
            #expect(output.contains("(61017, 61017, 61017) (61017, 61017, 61017) [61018]"))
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] { #expect(output.contains("\(set): 0000000000000000")) }
            #expect(output.contains("NoNewPrivs: 1"))
            #expect(output.contains("Seccomp: 2"))
        }
    }

    @Test(arguments: [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -SEGV $$", 139)] as [(String, Int32)])
    func `passes on how its command ended`(script: String, code: Int32) throws {
        try withTemporaryDirectory { directory in
            let finished = try confined(["sh", "-c", script], in: try toolFence(directory))
            #expect(finished.status.shellCode == code)
        }
    }

    @Test func `says 127 for a command that is not there and 126 for one that cannot be run`() throws {
        try withTemporaryDirectory { directory in
            let fence = try toolFence(directory)
            let missing = try confined(["no-such-command"], in: fence)
            #expect(missing.status == .exited(127))
            #expect(missing.errors.contains("no-such-command: no such command"))
            // A directory that may not be entered hides nothing that anybody could mean.
            let fenceWithClosed = try toolFence(directory, environment: ["PATH": "/job/closed:/usr/bin"])
            try run("mkdir", ["-m", "700", directory + "/copy/closed"]).requireSuccess()
            let behind = try confined(["no-such-command"], in: fenceWithClosed)
            #expect(behind.status == .exited(127) && behind.errors.contains("no such command"), "\(behind)")
            let finished = try confined(["/etc/passwd"], in: fence)
            #expect(finished.status == .exited(126))
        }
    }

    @Test func `gets exactly the environment that the fence says`() throws {
        try withTemporaryDirectory { directory in
            let output = try confined(
                ["env"], in: try toolFence(directory, environment: ["TOKEN": "a=b", "LD_PRELOAD": "/job/x.so"])
            )
            .requireSuccess()
            #expect(
                Set(output.split(separator: "\n").map(String.init)) == [
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8",
                    "LSAN_OPTIONS=detect_leaks=0",
                    "USER=fenced", "LOGNAME=fenced", "TOKEN=a=b", "LD_PRELOAD=/job/x.so",
                ])
        }
    }

    @Test func `keeps what it was told off every command line of the host`() throws {
        try withTemporaryDirectory { directory in
            let fence = try toolFence(directory, environment: ["TOKEN": "0b5c7e-secret"])
            let process = try ConfinedProcess(["sleep", "30"], in: fence, programs: programs)
            let everybody = try run("sh", ["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'"]).output
            #expect(everybody.contains("--info-fd"))
            #expect(!everybody.contains("0b5c7e-secret"))
            try process.kill()
            _ = try process.wait()
        }
    }

    @Test func `writes in its own places and nowhere else`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                for place in ["/job", "/tmp", "/dev/shm"]:
                    attempt(place, lambda: open(place + "/made", "w").write("x"))
                for place in ["/", "/usr", "/etc", "/run", "/run/pinfold", "/var", "/dev", "/opt", "/usr/bin"]:
                    attempt(place, lambda: open(place + "/made", "w"))
                attempt("passwd", lambda: os.open("/etc/passwd", os.O_RDWR))
                attempt("truncating", lambda: os.open("/etc/passwd", os.O_RDONLY | os.O_TRUNC))
                attempt("stage", lambda: os.open("/run/pinfold/pinfold-fence", os.O_WRONLY))
                """
            let verdicts = verdicts(try attack(script, in: try toolFence(directory)))
            for place in ["/job", "/tmp", "/dev/shm"] { #expect(verdicts[place] == "done", "\(place)") }
            let refused = verdicts.filter { !["/job", "/tmp", "/dev/shm"].contains($0.key) }
            #expect(refused.count == 12)
            for (place, verdict) in refused { #expect(["EROFS", "EACCES"].contains(verdict), "\(place): \(verdict)") }
            #expect(try readFile(directory + "/copy/made") == "x")
        }
    }

    @Test func `sees nothing of the host beside the system's programs`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/secret", "s")
            let script = """
                for path in ["/root", "/home", "\(directory)/secret", "/etc/shadow", "/etc/ssh", "/sys", "/var/lib", "/boot"]:
                    attempt(path, lambda: os.stat(path))
                print("processes", len([p for p in os.listdir("/proc") if p.isdigit()]))
                print("descriptors", sorted(os.listdir("/proc/self/fd"))[:3], len(os.listdir("/proc/self/fd")))
                print("hostname", socket.gethostname())
                """
            let finished = try attack(script, in: try toolFence(directory))
            let output = try finished.requireSuccess()
            let found = verdicts(finished).filter { $0.key.hasPrefix("/") }
            #expect(found.count == 8)
            #expect(found.values.allSatisfy { $0 == "ENOENT" }, "\(found)")
            // The first process and the command; the fourth descriptor is the listing's own.
            #expect(output.contains("processes 2"))
            #expect(output.contains("descriptors ['0', '1', '2'] 4"))
            #expect(output.contains("hostname localhost"))
        }
    }

    @Test func `is refused a directory as standard input`() throws {
        try withTemporaryDirectory { directory in
            let host = Descriptor(owning: try check { unsafe pinfold_open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
            let finished = try confined(["true"], in: try toolFence(directory), input: host.rawValue)
            #expect(finished.status == .exited(1))
            #expect(finished.errors.contains("descriptor 0 is a directory or a block device of the host"))
        }
    }

    @Test func `cannot write to the file that is its standard input`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/input", "as it was")
            try run("chmod", ["0666", directory + "/input"]).requireSuccess()
            let file = Descriptor(owning: try check { unsafe pinfold_open(directory + "/input", O_RDONLY | O_CLOEXEC, 0) })
            let script = """
                for flags in [os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC]:
                    attempt("open%d" % flags, lambda: os.open("/proc/self/fd/0", flags))
                attempt("truncate", lambda: os.truncate("/proc/self/fd/0", 0))
                attempt("ftruncate", lambda: os.ftruncate(0, 0))
                print(sys.stdin.read())
                """
            let finished = try attack(script, in: try toolFence(directory), input: file.rawValue)
            #expect(try finished.requireSuccess().contains("as it was"))
            #expect(!verdicts(finished).values.contains("done"), "\(finished)")
            #expect(try readFile(directory + "/input") == "as it was")
        }
    }

    @Test func `has no network but its own loopback`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                print(os.listdir("/proc/self/net") and [l.split(":")[0].strip() for l in open("/proc/self/net/dev").readlines()[2:]])
                s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(1)
                c = socket.create_connection(s.getsockname(), timeout=10)
                print("loopback works")
                attempt("outside", lambda: socket.create_connection(("192.0.2.1", 9), timeout=10))
                """
            let finished = try attack(script, in: try toolFence(directory))
            #expect(try finished.requireSuccess().contains("['lo']"))
            #expect(finished.output.contains("loopback works"))
            #expect(verdicts(finished)["outside"] == "ENETUNREACH")
        }
    }

    @Test func `does not reach the host's abstract sockets even on the host's network`() throws {
        try withTemporaryDirectory { directory in
            let name = "pinfold-test-\(getpid())-abstract"
            let listener = """
                import socket, sys, time
                s = socket.socket(socket.AF_UNIX); s.bind("\\0\(name)"); s.listen(8); print("ready", flush=True); time.sleep(60)
                """
            let outside = try ChildProcess(.init("/usr/bin/python3", ["-I", "-c", listener], descriptors: [:]))
            try eventually("the listener is there") { try readFile("/proc/net/unix").contains("@" + name) }
            let connect = "attempt('abstract', lambda: socket.socket(socket.AF_UNIX).connect('\\0\(name)'))"
            // Outside it can be reached, or the test would prove nothing.
            #expect(try run("/usr/bin/python3", ["-I", "-c", attackPrelude + connect]).output.contains("abstract done"))
            let finished = try attack(connect, in: try toolFence(directory, network: .host))
            #expect(verdicts(finished)["abstract"] == "EPERM")
            try outside.signal(SIGKILL)
            _ = try outside.wait()
        }
    }

    @Test func `cannot signal anything outside, nor its first process to death`() throws {
        try withTemporaryDirectory { directory in
            let outside = try ChildProcess(.init("sleep", ["60"]))
            let script = """
                attempt("host", lambda: os.kill(\(outside.pid), 9))
                attempt("everything", lambda: os.kill(1, 9))
                print("still here")
                """
            let finished = try attack(script, in: try toolFence(directory))
            #expect(verdicts(finished)["host"] == "ESRCH")
            // The first process says how the command ended; killed, it would say nothing, and take the command with it.
            #expect(finished.output.contains("still here") && finished.status == .exited(0))
            let ended = try outside.ends(withinMilliseconds: 0)
            #expect(!ended)
            try outside.signal(SIGKILL)
            _ = try outside.wait()
        }
    }
}
