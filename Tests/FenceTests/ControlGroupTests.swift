import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What runs behind a fence is bounded in sum, and ends as a whole.
@Suite(.timeLimit(.minutes(10)), .serialized)
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
}
