import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Who ends when, and how much they may use until then.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `Behind a fence` {
    /// Counted over the whole host: a user for each test that looks at its processes.
    private func user(_ number: UInt32) -> FenceUser { FenceUser(uid: 61_100 + number, gid: 61_100 + number) }

    private func processes(of user: FenceUser) throws -> Int {
        try run("sh", ["-c", "grep -ls '^Uid:[[:space:]]*\(user.uid)[[:space:]]' /proc/[0-9]*/status | wc -l"]).output
            .split(separator: "\n").first.flatMap { Int($0) } ?? -1
    }

    @Test func `everything ends with the command`() throws {
        try withTemporaryDirectory { directory in
            let user = user(1)
            let fence = try toolFence(directory, user: user)
            let finished = try confined(
                ["sh", "-c", "for i in 1 2 3; do setsid nohup sleep 1000 >/dev/null 2>&1 & done; (setsid sleep 1000 &) ; exit 5"],
                in: fence)
            #expect(finished.status == .exited(5))
            try eventually("none of its processes is left") { try processes(of: user) == 0 }
        }
    }

    @Test func `the command has the descriptors that it is given, and nothing else in there keeps one`() throws {
        try withTemporaryDirectory { directory in
            var ends: [[Int32]] = []
            for _ in 0..<3 {
                var pair: [Int32] = [-1, -1]
                #expect(unsafe pipe2(&pair, O_CLOEXEC) == 0)
                ends.append(pair)
            }
            defer { for end in ends.flatMap({ $0 }) { close(end) } }
            #expect(unsafe write(ends[0][1], "first", 5) == 5)
            #expect(unsafe write(ends[1][1], "second", 6) == 6)
            let process = try ConfinedProcess(
                ["sh", "-c", "head -c 6 <&4 >&5; head -c 5 <&3 >&5; exec 5>&-; ls /proc/self/fd | wc -l >/job/open; sleep 1000"],
                in: try toolFence(directory, user: user(9)), further: [ends[0][0], ends[1][0], ends[2][1]], programs: programs)
            close(ends[2][1])
            ends[2][1] = -1
            // To the end, though the command goes on.
            var bytes = [UInt8](repeating: 0, count: 64)
            var all: [UInt8] = []
            while case let count = unsafe read(ends[2][0], &bytes, 64), count > 0 { all += bytes[..<count] }
            #expect(String(decoding: all, as: UTF8.self) == "secondfirst")
            try eventually("it has counted") { (try? readFile(directory + "/copy/open"))?.isEmpty == false }
            // Its three streams, the two that it has not closed, and the one that `ls` reads by.
            #expect(try readFile(directory + "/copy/open") == "6\n")
            try process.kill()
            _ = try process.wait()
        }
    }

    @Test func `everything ends when it is killed`() throws {
        try withTemporaryDirectory { directory in
            let user = user(2)
            let process = try ConfinedProcess(
                ["sh", "-c", "trap '' TERM INT HUP; setsid sleep 1000 & sleep 1000 & touch /job/started; wait; wait"],
                in: try toolFence(directory, user: user), programs: programs)
            try eventually("it has started") { exists(directory + "/copy/started") }
            try process.kill()
            let status = try process.wait()
            #expect(status == .exited(137))
            try eventually("none of its processes is left") { try processes(of: user) == 0 }
        }
    }

    @Test func `everything ends when its launcher is killed`() throws {
        try withTemporaryDirectory { directory in
            let user = user(3)
            let process = try ConfinedProcess(["sleep", "1000"], in: try toolFence(directory, user: user), programs: programs)
            try eventually("it has started") { try processes(of: user) > 1 }
            // Bubblewrap alone: what is inside has to notice by itself.
            kill(process.pid, SIGKILL)
            _ = try process.wait()
            try eventually("none of its processes is left") { try processes(of: user) == 0 }
        }
    }

    @Test func `everything ends when the value that stands for it is let go`() throws {
        try withTemporaryDirectory { directory in
            let user = user(4)
            do {
                let process = try ConfinedProcess(["sleep", "1000"], in: try toolFence(directory, user: user), programs: programs)
                let pid = process.pid
                #expect(pid > 0)
                try eventually("it has started") { try processes(of: user) > 1 }
            }
            try eventually("none of its processes is left") { try processes(of: user) == 0 }
        }
    }

    @Test func `a signal reaches the command however early it is sent`() throws {
        try withTemporaryDirectory { directory in
            for _ in 0..<5 {
                let process = try ConfinedProcess(["sleep", "1000"], in: try toolFence(directory), programs: programs)
                try process.signal(SIGTERM)
                let status = try process.wait()
                #expect(status == .exited(143))
            }
        }
    }

    @Test func `a fork bomb stops at the limit, and the host forks on`() throws {
        try withTemporaryDirectory { directory in
            let user = user(5)
            var limits = Fence.Limits.generous
            limits.processes = 60
            let script = """
                made = 0
                try:
                    while made < 500:
                        if os.fork() == 0:
                            time.sleep(1000)
                        made += 1
                except OSError as error:
                    print(made < 60, errno.errorcode[error.errno])
                """
            let finished = try attack(script, in: try toolFence(directory, user: user, limits: limits))
            #expect(finished.output.contains("True EAGAIN"))
            try run("true").requireSuccess()
            try eventually("none of its processes is left") { try processes(of: user) == 0 }
        }
    }

    @Test func `memory, file size, descriptors and core files are bounded`() throws {
        try withTemporaryDirectory { directory in
            let limits = Fence.Limits(processes: 100, memoryBytes: 512 << 20, descriptors: 64, fileBytes: 1 << 20)
            let script = """
                import resource, signal
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                def grow():
                    with open("/job/large", "wb") as f:
                        f.write(b"x" * (2 << 20))
                attempt("file", grow)
                try:
                    b = bytearray(1 << 30)
                    print("memory done")
                except MemoryError:
                    print("memory ENOMEM")
                def descriptors():
                    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
                attempt("descriptors", descriptors)
                print("core", resource.getrlimit(resource.RLIMIT_CORE))
                try:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000)); print("raised")
                except (ValueError, OSError):
                    print("not raised")
                """
            let finished = try attack(script, in: try toolFence(directory, limits: limits))
            let found = verdicts(finished)
            #expect(found["file"] == "EFBIG", "\(finished)")
            #expect(found["memory"] == "ENOMEM")
            #expect(found["descriptors"] == "EMFILE")
            #expect(finished.output.contains("core (0, 0)"))
            #expect(finished.output.contains("not raised"))
        }
    }

    @Test func `what fills its private directories in memory stops at their size`() throws {
        try withTemporaryDirectory { directory in
            let fence = Fence.confinedTool(
                name: "test", user: testUser, writable: [], workingDirectory: "/tmp", temporaryBytes: 4 << 20)
            let script = """
                for place in ["/tmp", "/dev/shm"]:
                    def fill():
                        with open(place + "/fill", "wb", buffering=0) as f:
                            while True: f.write(b"x" * 65536)
                    attempt(place, fill)
                """
            let found = verdicts(try attack(script, in: fence))
            #expect(found == ["/tmp": "ENOSPC", "/dev/shm": "ENOSPC"])
        }
    }
}
