import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// The agent takes all that it may of what the daemon has, and somebody else's reads and writes through the same mount go on.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ExhaustionTests {
    /// What the agent does until it is ended; it prints `ready` when it has all that it can get.
    struct Flood: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: String
        /// What it says when it is ready, where the kernel holds open files by itself (Linux 6.9).
        var says = ""
    }

    static let floods = [
        Flood(
            testDescription: "descriptors, of as many files as it may open",
            script: """
                resource.setrlimit(resource.RLIMIT_NOFILE, (3000, 3000)); held = []
                try:
                    while True:
                        held.append(os.open(f"f{len(held)}", os.O_RDWR | os.O_CREAT)); os.posix_fallocate(held[-1], 0, 1)
                except OSError as error: print(errno.errorcode[error.errno])
                ready()
                """, says: "EMFILE\n"),
        Flood(
            testDescription: "descriptors of files without names",
            script: """
                resource.setrlimit(resource.RLIMIT_NOFILE, (3000, 3000)); held = []
                try:
                    while True: held.append(os.open(".", os.O_RDWR | os.O_TMPFILE))
                except OSError as error: print(errno.errorcode[error.errno])
                ready()
                """, says: "EMFILE\n"),
        Flood(
            testDescription: "locks on many ranges and files",
            script: """
                held = [os.open(f"f{n}", os.O_RDWR | os.O_CREAT) for n in range(5)]
                for n in range(2000): fcntl.lockf(held[n % 5], fcntl.LOCK_EX, 1, n * 2)
                for file in held: fcntl.flock(file, fcntl.LOCK_EX)
                ready()
                """),
        Flood(
            testDescription: "look-ups, without a pause, from several threads",
            script: """
                def look(n):
                    i = 0
                    while True:
                        os.path.exists(f"missing-{n}-{i}"); os.path.exists(f"../../missing-{n}-{i}"); i += 1
                for n in range(4): threading.Thread(target=look, args=(n,), daemon=True).start()
                ready()
                """),
        Flood(
            testDescription: "writes, renames and listings, without a pause, from several threads",
            script: """
                [open(f"l{n}", "w").close() for n in range(500)]
                def work(n):
                    while True:
                        try:
                            with open(f"w{n}", "wb") as file: file.write(b"x" * 100000); file.flush(); os.fsync(file.fileno())
                            os.rename(f"w{n}", f"v{n}"); os.listdir(".")
                        except OSError: pass
                for n in range(6): threading.Thread(target=work, args=(n,), daemon=True).start()
                ready()
                """),
        Flood(
            testDescription: "long names and a deep tree",
            script: """
                for n in range(300): open(str(n).rjust(255, "x"), "w").close()
                for n in range(600): os.mkdir("d" * 255 if n % 2 else "d"); os.chdir("d" * 255 if n % 2 else "d")
                os.listdir("."); ready()
                """),
        Flood(
            testDescription: "FIFOs that nobody writes to, and sockets",
            script: """
                def read(n): open(f"p{n}", "rb").read()
                for n in range(300): os.mkfifo(f"p{n}")
                for n in range(300): socket.socket(socket.AF_UNIX).bind(f"s{n}")
                for n in range(50): threading.Thread(target=read, args=(n,), daemon=True).start()
                ready()
                """),
        Flood(
            testDescription: "sparse files as large as they can be",
            script: """
                for n in range(200):
                    for size in (1 << 50, 1 << 43):
                        try: os.truncate(os.open(f"f{n}", os.O_WRONLY | os.O_CREAT), size); break
                        except OSError: pass
                    os.closerange(3, 1000)
                ready()
                """),
        Flood(
            testDescription: "tens of thousands of files",
            script: """
                for d in range(10):
                    os.mkdir(f"d{d}")
                    for n in range(1000): os.mknod(f"d{d}/{n}")
                for base, directories, files in os.walk("."): [os.lstat(os.path.join(base, name)) for name in files]
                ready()
                """),
    ]

    /// With a quota the daemon reads and writes each open file by itself, without one the kernel does.
    @Test(arguments: floods, [false, true]) func `others are served`(flood: Flood, hasQuota: Bool) async throws {
        let quota = ["--sandbox-quota", "268435456"]
        try await withGateway(.init(more: ["--descriptors", "256"] + (hasQuota ? quota : []))) { gateway in
            try shell("echo kept > kept; mkdir mine agent; chmod 777 agent", workingDirectory: gateway.sandbox).requireSuccess()
            let log = gateway.directory + "/flood"
            let output = try FileCalls.opened(log, O_WRONLY | O_CREAT)
            let attacker = try ChildProcess(
                .init(
                    "setpriv",
                    [
                        "--reuid=\(MountedGateway.agent.uid)", "--regid=\(MountedGateway.agent.gid)", "--clear-groups", "--",
                        "/usr/bin/python3", "-I", "-c", Self.prelude + flood.script + "\ntime.sleep(100)",
                    ], environment: mergedEnvironment([:]), workingDirectory: gateway.viewSandbox + "/agent",
                    descriptors: [1: output.rawValue, 2: output.rawValue], newSession: true))
            do {
                try await eventually("the agent has all that it can get: \((try? readFile(log)) ?? "")", within: 60) {
                    try readFile(log).contains("ready")
                }
                // It meets its own limit, and not the daemon's.
                if KernelVersion.running >= KernelVersion(6, 9) { #expect(try readFile(log).hasPrefix(flood.says)) }
                try other(gateway)
                let open = try descriptors(gateway)
                #expect(open <= 256, "\(open)")
            } catch {
                try? attacker.signal(SIGKILL)
                throw TestFailure("\(error); the agent said: \((try? readFile(log)) ?? "")")
            }
            try attacker.signal(SIGKILL)
            _ = try attacker.wait()
            // What it had is let go of, and all that it made can be removed.
            try run("rm", ["-rf", gateway.viewSandbox + "/agent"], seconds: 60).requireSuccess()
            #expect(try run("ls", [gateway.sandbox]).requireSuccess() == "kept\nmine\nother\n")
            try await eventually("nothing of it is open in the daemon") {
                try run("bash", ["-c", "find /proc/\(gateway.server)/fd -lname '*/agent*' | wc -l"]).requireSuccess() == "0\n"
            }
            try other(gateway)
        }
    }

    private static let prelude = """
        import errno, fcntl, os, resource, socket, threading, time
        def ready(): print("ready", flush=True)

        """

    /// Somebody else, through the same mount, within a deadline.
    private func other(_ gateway: MountedGateway) throws {
        let script = """
            set -e; cat data/sandbox/kept; echo more >> data/sandbox/other; tail -n 1 data/sandbox/other; mkdir data/sandbox/mine/d
            rmdir data/sandbox/mine/d; ls data/sandbox/mine; stat -f data/sandbox > /dev/null
            """
        let answer = try run("bash", ["-c", script], workingDirectory: gateway.view, seconds: 20)
        #expect(try answer.requireSuccess() == "kept\nmore\n")
    }

    private func descriptors(_ gateway: MountedGateway) throws -> Int {
        Int(try run("bash", ["-c", "ls /proc/\(gateway.server)/fd | wc -l"]).requireSuccess().filter(\.isNumber)) ?? .max
    }
}
