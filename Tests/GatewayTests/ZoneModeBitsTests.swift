import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// The setuid and setgid bits of files that are written. Docs/Semantics.md, S-34.
@Suite(.timeLimit(.minutes(10)))
struct ZoneModeBitsTests {
    /// What is left of the bits after each kind of change; who may keep them on a disk keeps them in a zone.
    private static let script = """
        import mmap, os, struct, sys
        os.umask(0o022); os.chdir(sys.argv[1]); me = (os.getuid(), os.getgid())
        def mode(file): return "%o" % (os.fstat(file).st_mode & 0o7777)
        for bits in (0o7777, 0o6755, 0o2755, 0o4711, 0o2644, 0o6666):
            file = os.open(".", os.O_TMPFILE | os.O_RDWR, bits); print(mode(file), end=" "); os.write(file, b"x" * 5000); print(mode(file))
            name = "%o-%d" % (bits, me[0]); file = os.open(name, os.O_CREAT | os.O_RDWR, bits)
            other = os.open("other-" + name, os.O_CREAT | os.O_RDWR); os.write(other, b"y" * 5000)
            def after(change):
                os.chmod(name, bits); change(); print(mode(file), end=" ")
            after(lambda: None); after(lambda: os.write(file, b"x" * 5000)); after(lambda: os.truncate(name, 100))
            after(lambda: os.ftruncate(file, 9000)); after(lambda: os.close(os.open(name, os.O_WRONLY | os.O_TRUNC)))
            after(lambda: os.posix_fallocate(file, 0, 20000)); after(lambda: os.copy_file_range(other, file, 1000))
            after(lambda: os.chown(name, *me)); after(lambda: os.utime(name)); after(lambda: os.pwrite(file, b"", 0))
            def acl(group): # user::rwx, group::rw-, other::r--, and one user more, so that it is none that a mode says
                entries = (1, 7, -1), (2, 6, 4711), (4, 6, -1), (16, group, -1), (32, 4, -1)
                os.setxattr(name, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries))
            after(lambda: acl(6)); after(lambda: acl(7)); os.removexattr(name, "system.posix_acl_access")
            if me[0] == 0:
                os.chown(name, 0, 4711); after(lambda: os.chown(name, 4711, 4711)); os.chown(name, 0, 4711); after(lambda: acl(6))
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

    @Test(arguments: [[], ["--sandbox-quota", "100000000"], ["--without", "passthrough"]])
    func `S-34: that they are gone is seen by who asks for the mode alone`(_ more: [String]) async throws {
        let script = """
            import os, subprocess
            os.chdir("data/sandbox"); file = os.open("file", os.O_CREAT | os.O_RDWR); other = os.open("other", os.O_CREAT | os.O_RDWR)
            os.write(other, b"y" * 5000)
            # The kernel is asked for the mode alone, and for nothing that it does not know any more.
            mode = lambda: subprocess.run(["stat", "-c", "%a", "file"], capture_output=True, text=True).stdout.strip()
            for change in (
                lambda: os.write(file, b"x"), lambda: os.pwrite(file, b"x" * 5000, 0), lambda: os.posix_fallocate(file, 0, 20000),
                lambda: os.copy_file_range(other, file, 1000, 0, 0), lambda: os.truncate("file", 7),
                lambda: os.close(os.open("file", os.O_WRONLY | os.O_TRUNC)),
            ):
                os.chmod("file", 0o6777); before = mode(); change(); print(before, mode(), end=" ")
            """
        try await withGateway(.init(more: more)) { gateway async throws in
            let modes = try gateway.asAgent("exec /usr/bin/python3 -I -c '\(script)'").requireSuccess()
            #expect(modes == String(repeating: "6777 777 ", count: 6))
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
