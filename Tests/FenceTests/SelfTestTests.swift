import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A fence with a hole must not start anything: each test makes one.
@Suite(.timeLimit(.minutes(10)))
struct `The self-test` {
    private func refused(_ fence: Fence, _ directory: String, because reason: String) throws {
        let finished = try confined(["sh", "-c", "echo started; touch /job/started"], in: fence)
        #expect(finished.status == .exited(1))
        #expect(finished.errors.contains("pinfold-fence: self-test: "), "\(finished)")
        #expect(finished.errors.contains(reason), "\(finished)")
        #expect(finished.output.isEmpty)
        #expect(!exists(directory + "/copy/started"))
    }

    @Test func `refuses a mount that is writable and should not be`() throws {
        try withTemporaryDirectory { directory in
            var fence = try toolFence(directory)
            fence.mounts.append(.bind(directory, at: "/extra"))
            try refused(fence, directory, because: "/extra (")
        }
    }

    @Test func `refuses a sealed directory in which root could make a file, and leaves none behind`() throws {
        try withTemporaryDirectory { directory in
            var fence = try toolFence(directory)
            fence.sealed.append("/job")
            try refused(fence, directory, because: "root could create a file in /job")
            #expect(try run("ls", ["-A", directory + "/copy"]).output.isEmpty)
        }
    }

    @Test func `takes a directory that is not there for no proof`() throws {
        try withTemporaryDirectory { directory in
            var fence = try toolFence(directory)
            fence.sealed.append("/not-there")
            try refused(fence, directory, because: "proves nothing")
        }
    }

    @Test func `is made by a program that loads nothing of what the view shows`() throws {
        // PT_INTERP, the request for a loader, is 3 (`man 5 elf`).
        let script = """
            import struct, sys
            file = open(sys.argv[1], "rb").read()
            start, size, count = struct.unpack_from("<Q", file, 32)[0], *struct.unpack_from("<HH", file, 54)
            print(*(struct.unpack_from("<I", file, start + size * number)[0] for number in range(count)))
            """
        let kinds = try run("python3", ["-c", script, Executables.fence]).output.split(whereSeparator: \.isWhitespace)
        #expect(kinds.contains("1") && !kinds.contains("3"), "\(kinds)")
    }

    @Test func `is preceded by a refusal to run as root`() throws {
        try withTemporaryDirectory { directory in
            var fence = try toolFence(directory)
            fence.user = FenceUser(uid: 0, gid: 0)
            #expect(throws: FenceError.self) { try confined(["true"], in: fence) }
        }
    }
}
