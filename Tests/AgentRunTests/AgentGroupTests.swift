import CLinux
import LinuxSystem
import TestSupport
import Testing

/// What the agent's processes may use in sum.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `A control group` {
    @Test func `with an owner is left alone by one who tidies from another group of one hierarchy`() throws {
        let owned = try ControlGroup("test", limits: .init(memoryBytes: 128 << 20, processes: 50))
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
