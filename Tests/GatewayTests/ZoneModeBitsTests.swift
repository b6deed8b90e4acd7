import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// The setuid and setgid bits of files that are written. Docs/Semantics.md, S-34.
@Suite(.timeLimit(.minutes(5)))
struct ZoneModeBitsTests {
    /// What is left of the bits after each kind of change; who may keep them on a disk keeps them in a zone.
    private static let script = """
        import mmap, os, sys
        os.umask(0o022); os.chdir(sys.argv[1]); me = (os.getuid(), os.getgid())
        def mode(file): return "%o" % (os.fstat(file).st_mode & 0o7777)
        for bits in (0o7777, 0o6755, 0o2755, 0o4711):
            file = os.open(".", os.O_TMPFILE | os.O_RDWR, bits); print(mode(file), end=" "); os.write(file, b"x" * 5000); print(mode(file))
            name = "%o-%d" % (bits, me[0]); file = os.open(name, os.O_CREAT | os.O_RDWR, bits)
            other = os.open("other-" + name, os.O_CREAT | os.O_RDWR); os.write(other, b"y" * 5000)
            def after(change):
                os.chmod(name, bits); change(); print(mode(file), end=" ")
            after(lambda: None); after(lambda: os.write(file, b"x" * 5000)); after(lambda: os.truncate(name, 100))
            after(lambda: os.ftruncate(file, 9000)); after(lambda: os.close(os.open(name, os.O_WRONLY | os.O_TRUNC)))
            after(lambda: os.posix_fallocate(file, 0, 20000)); after(lambda: os.copy_file_range(other, file, 1000))
            after(lambda: os.chown(name, *me)); after(lambda: os.utime(name)); after(lambda: os.pwrite(file, b"", 0))
            print(os.unlink(name))
        """

    @Test(arguments: [[], ["--sandbox-quota", "100000000"], ["--without", "passthrough"]])
    func `S-34: go and stay as on the disk, for the agent and for root`(_ more: [String]) async throws {
        try await withGateway(.init(more: more)) { gateway async throws in
            let disk = gateway.source + "/disk"
            try makeDirectories(disk)
            #expect(errno { unsafe chmod(disk, 0o777) } == nil)
            for user in [MountedGateway.agent, nil] {
                let answers = try [disk, gateway.viewSandbox].map {
                    try run("/usr/bin/python3", ["-I", "-c", Self.script, $0], user: user).requireSuccess()
                }
                #expect(answers[0] == answers[1], "\(more) \(user?.uid ?? 0)")
                #expect(answers[0].contains("7755 "))
            }
        }
    }

    @Test func `S-34: go at the latest when somebody else opens for writing what root has open`() async throws {
        try await withGateway { gateway async throws in
            let file = gateway.viewSandbox + "/file"
            let held = try FileCalls.opened(file, O_RDWR | O_CREAT)
            #expect(errno { unsafe chmod(file, 0o6777) } == nil)
            try FileCalls.write(held, "root")
            #expect((status(file)?.st_mode ?? 0) & 0o7777 == 0o6777)
            try gateway.asAgent("echo agent > data/sandbox/file").requireSuccess()
            #expect((status(file)?.st_mode ?? 0) & 0o7777 == 0o777)
        }
    }
}
