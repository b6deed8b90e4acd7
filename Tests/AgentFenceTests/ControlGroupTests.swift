import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What runs behind a fence is bounded in sum, and ends as a whole.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct `A control group` {
    private static let limit: UInt64 = 128 << 20

    /// Runs a script in a group of 128 MiB; how it ended, and what the kernel ended in it.
    private func starve(_ script: String, sharing shared: String? = nil) throws -> (
        status: LinuxSystem.ExitStatus, starved: ControlGroup.OutOfMemory?
    ) {
        try withTemporaryDirectory { directory in
            let fence = try toolFence(directory, group: Fence.Group("test", sharing: shared, memoryBytes: Self.limit))
            let process = try ConfinedProcess(
                ["/usr/bin/python3", "-I", "-c", attackPrelude + script], in: fence, programs: programs)
            #expect(process.unbounded == nil)
            guard try process.ends(withinMilliseconds: 60_000) else {
                try process.kill()
                _ = try process.wait()
                throw TestFailure("it did not end")
            }
            let starved = process.outOfMemory
            return (try process.wait(), starved)
        }
    }

    @Test(arguments: [
        "b = bytearray(300 << 20)",
        "for i in range(3):\n  if os.fork() == 0: b = bytearray(80 << 20); time.sleep(5); os._exit(0)\nfor i in range(3):\n  if os.wait()[1]: os._exit(9)",
        "f = os.memfd_create('x')\nfor i in range(300): os.write(f, b'x' * (1 << 20))",
        "f = open('/tmp/x', 'wb')\nfor i in range(300): f.write(b'x' * (1 << 20)); f.flush()",
        "f = open('/dev/shm/x', 'wb')\nfor i in range(300): f.write(b'x' * (1 << 20)); f.flush()",
        "libc.shmat.restype = ctypes.c_void_p\nfor i in range(15): ctypes.memset(libc.shmat(libc.shmget(0, 20 << 20, 0o1600), None, 0), 1, 20 << 20)",
    ])
    func `counts whatever is memory, of all processes together`(script: String) throws {
        let (status, starved) = try starve(script)
        #expect(!status.isSuccess, "\(status)")
        let found = try #require(starved)
        #expect(found.kills > 0 && found.isOwnLimit)
        #expect(
            found.sentence(Fence.Group("test", memoryBytes: Self.limit, variable: "X")).contains(
                "memory limit of 128 MiB (X) was reached"))
    }

    @Test func `leaves room below its limit, and ends nothing then`() throws {
        let (status, starved) = try starve("b = bytearray(60 << 20)")
        #expect(status.isSuccess && starved == nil)
    }

    @Test func `shares its limit with those of the same name`() throws {
        try withTemporaryDirectory { directory in
            let name = "test-\(getpid())-shared"
            let fence = try toolFence(directory, group: Fence.Group("test", sharing: name, memoryBytes: Self.limit))
            let script = "b = bytearray(80 << 20); open('/job/there', 'w').close(); time.sleep(60)"
            let first = try ConfinedProcess(
                ["/usr/bin/python3", "-I", "-c", attackPrelude + script], in: fence, programs: programs)
            try eventually("the first holds its memory") { exists(directory + "/copy/there") }
            let (status, starved) = try starve("b = bytearray(80 << 20)", sharing: name)
            let firstStarved = first.outOfMemory
            // The kernel chooses which of the two.
            #expect(!status.isSuccess || firstStarved != nil)
            #expect(starved != nil || firstStarved != nil)
            try first.kill()
            _ = try first.wait()
        }
    }

    @Test func `bounds no process by itself, so that a sanitizer may reserve terabytes of addresses`() throws {
        // MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, readable and writable, as AddressSanitizer's shadow.
        let script =
            "libc.mmap.restype = ctypes.c_long; sys.exit(libc.mmap(None, ctypes.c_size_t(1 << 44), 3, 0x4022, -1, ctypes.c_long(0)) == -1)"
        #expect(try starve(script).status.isSuccess)
    }

    @Test func `cannot be left or changed from inside`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                import glob
                attempt("mount", lambda: raw(165, b"none", b"/tmp", b"cgroup2", 0, 0))
                attempt("fsopen", lambda: raw(430, b"cgroup2", 0))
                print("files", len(glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True)))
                for line in open("/proc/self/mountinfo"):
                    if " - cgroup" in line: print("mounted", line.split()[4])
                """
            let finished = try attack(script, in: try toolFence(directory, group: Fence.Group("test", memoryBytes: Self.limit)))
            #expect(verdicts(finished)["mount"] == "EPERM" && verdicts(finished)["fsopen"] == "EPERM", "\(finished)")
            #expect(finished.output.contains("files 0\n") && !finished.output.contains("mounted"), "\(finished)")
        }
    }

    @Test func `is whole for its owner however many are made and removed beside it`() throws {
        let shared = "test-\(getpid())-many"
        let threads = try (0..<4).map { number in
            try Pending("many") {
                for _ in 0..<60 {
                    do {
                        let group = try ControlGroup(
                            "test", sharing: number < 2 ? shared : nil, limits: .init(memoryBytes: Self.limit, processes: 50))
                        guard try ChildProcess(.init("/bin/true"), in: group).wait().isSuccess else { return "it failed" }
                    } catch {
                        return "\(error)"
                    }
                }
                return ""
            }
        }
        #expect(threads.map(\.value) == ["", "", "", ""])
    }

    @Test func `ends all that is in it, and is gone afterwards`() throws {
        var paths: [String] = []
        do {
            let group = try ControlGroup("test", limits: .init(memoryBytes: Self.limit, processes: 50))
            paths = group.paths
            #expect(!paths.isEmpty && paths.allSatisfy { exists($0) })
            #expect(group.bounds.isSuperset(of: [.memory, .processes]))
            let child = try ChildProcess(.init("/bin/sh", ["-c", "setsid sleep 500 & setsid sleep 500 & wait"]), in: group)
            try eventually("three run in it") { try readFile(paths[0] + "/cgroup.procs").split(separator: "\n").count == 3 }
            group.kill()
            #expect(try child.wait() == .signaled(SIGKILL))
            try eventually("none is left") { try readFile(paths[0] + "/cgroup.procs").isEmpty }
        }
        #expect(paths.allSatisfy { !exists($0) })
    }

    @Test func `starts a program as outside: descriptors, directory, signals, and the error where there is none`() throws {
        let group = try ControlGroup("test", limits: .init(processes: 50))
        let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("output") })
        let child = try ChildProcess(
            .init(
                "sh", ["-c", "pwd; echo $A; ls -l /proc/self/fd | wc -l; grep SigBlk /proc/self/status"],
                environment: ["A=b", "PATH=/usr/bin:/bin"],
                workingDirectory: "/usr", descriptors: [1: output.rawValue]), in: group)
        #expect(try child.wait() == .exited(0))
        // Three, and the listing's own.
        #expect(try readFile("/proc/self/fd/\(output.rawValue)") == "/usr\nb\n5\nSigBlk:\t0000000000000000\n")
        let missing = #expect(throws: Errno.self) { _ = try ChildProcess(.init("/no/such/program"), in: group) }
        #expect(missing == .noSuchFileOrDirectory)
    }

    @Test func `of an owner that was killed is removed with what runs in it, one that has an owner is not`() throws {
        let owned = try ControlGroup("test", limits: .init(memoryBytes: Self.limit))
        let places = owned.paths.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        let left = places.map { $0 + "/pinfold+left-1-1" }
        for path in left { try run("mkdir", [path]).requireSuccess() }
        let child = try ChildProcess(.init("sleep", ["500"]))
        for path in left { try writeFile(path + "/cgroup.procs", "\(child.pid)") }
        let next = try ControlGroup("test", limits: .init(memoryBytes: Self.limit))
        #expect(left.allSatisfy { !exists($0) })
        #expect(try child.wait() == .signaled(SIGKILL))
        #expect(owned.paths.allSatisfy { exists($0) })
        withExtendedLifetime((owned, next)) {}
    }

    @Test func `with an owner is left alone by one who tidies from another group of one hierarchy`() throws {
        let owned = try ControlGroup("test", limits: .init(memoryBytes: Self.limit, processes: 50))
        // Who tidies is somewhere else for memory alone, as in a session whose processes are counted and whose memory is not.
        let elsewhere =
            String(owned.paths[0][..<(owned.paths[0].lastIndex(of: "/") ?? owned.paths[0].startIndex)]) + "/test-\(getpid())"
        try run("mkdir", [elsewhere]).requireSuccess()
        defer { _ = try? run("rmdir", [elsewhere]) }
        try shell("echo $$ > \(elsewhere)/cgroup.procs; \(Executables.pinfold) doctor > /dev/null || [ $? = 1 ]")
            .requireSuccess()
        #expect(owned.paths.allSatisfy { exists($0) })
        withExtendedLifetime(owned) {}
    }

    @Test(arguments: ["umount -R -l /sys/fs/cgroup", "mount -o remount,bind,ro"])
    func `is missed where the machine has none, and that is said`(change: String) throws {
        try withGateway(whole: false) { gateway in
            // The tree in which it is, read-only, or nothing there at all.
            let change =
                change.hasSuffix("ro")
                ? "for m in $(findmnt -rno TARGET -t cgroup,cgroup2); do \(change) $m; done" : change
            let words = gateway.arguments(["sh", "-c", "echo started; ulimit -d"]).map { "'\($0)'" }.joined(separator: " ")
            let finished = try run(
                "unshare",
                [
                    "-m", "bash", "-c",
                    // The shell stays: with its mounts gone, where the program lies could not be told.
                    "\(change); \(Executables.pinfold) \(words); exit $?",
                ])
            #expect(finished.output.hasPrefix("started\n") && !finished.output.contains("unlimited"), "\(finished)")
            #expect(finished.errors.contains("memory is not bounded in sum (AGENT_MEMORY): "), "\(finished)")
        }
    }

    @Test func `is of pinfold run, too, and its end for want of memory is a line`() throws {
        try withGateway(whole: true) { gateway in
            let finished = try gateway.inside(
                ["/usr/bin/python3", "-c", "b = bytearray(400 << 20)"], options: ["--set", "AGENT_MEMORY=128M"])
            #expect(finished.status == .exited(137))
            #expect(
                finished.errors.contains(
                    "pinfold: the memory limit of 128 MiB (AGENT_MEMORY) was reached: the kernel ended one process"))
            // The view shows the machine's control groups, and none of them can be written.
            let tries =
                "for f in $(find /sys/fs/cgroup -name cgroup.procs 2>/dev/null | head -40); do echo 0 > $f && echo LEFT; done 2>/dev/null; true"
            #expect(try gateway.inside(["sh", "-c", tries]).output.isEmpty)
        }
    }
}
