import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A sandbox that the kernel serves by itself: what it holds where the gateway is not asked. Docs/Semantics.md, S-50 to S-54.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DirectZoneTests {
    static let direct = MountedGateway.Options(more: ["--sandbox-access", "direct"])

    private func table(_ gateway: MountedGateway) throws -> [MountEntry] { try MountTable.read().entries(atOrBelow: gateway.view) }

    @Test func `S-50: the sandbox is a mount of the disk's own, and asks the daemon for nothing`() async throws {
        try await withGateway(Self.direct) { gateway in
            let mounts = try table(gateway)
            #expect(mounts.count == 3 && mounts.filter(\.isPinfold).count == 2, "\(mounts)")
            let sandbox = try #require(mounts.last { $0.mountpoint == gateway.viewSandbox })
            #expect(sandbox.isDirect, "\(sandbox)")
            #expect(sandbox.root.hasSuffix("/source/data/sandbox"))
            try gateway.asAgent(
                """
                cd data/sandbox; mkdir d; echo one > d/f; echo two >> d/f; mv d/f g; ln g h; ln -s g l; mkfifo p; rm h
                setfattr -n user.a -v b g; chmod 755 g; truncate -s 1M big; test "$(cat l)" = "one
                two"
                """
            ).requireSuccess()
            let found = try shell("find . -mindepth 1 -printf '%P %y %U:%G %m %s\\n' | sort", workingDirectory: gateway.sandbox)
            #expect(
                try found.requireSuccess() == """
                    big f 61234:61234 644 1048576
                    d d 61234:61234 755 4096
                    g f 61234:61234 755 8
                    l l 61234:61234 777 1
                    p p 61234:61234 644 0

                    """)
            // What is made beside the view is there at once: there is nothing in between.
            try shell("echo beside > new; chown 61234:61234 new", workingDirectory: gateway.sandbox).requireSuccess()
            #expect(try gateway.asAgent("cat data/sandbox/new; rm data/sandbox/new").requireSuccess() == "beside\n")
            #expect(!exists(gateway.sandbox + "/new"))
        }
    }

    @Test func `S-50: it answers as a file system in memory does`() async throws {
        try await withGateway(Self.direct) { gateway in
            // As the agent: root is nobody there.
            #expect(errno { unsafe mkdir(gateway.viewSandbox + "/root", 0o755) } == .overflow)
            let script = """
                import fcntl, mmap, os, socket, sys
                os.chdir(sys.argv[1])
                fd = os.open("f", os.O_RDWR | os.O_CREAT | os.O_EXCL)
                os.pwrite(fd, b"x" * 10000, 0); os.ftruncate(fd, 20000); os.posix_fallocate(fd, 20000, 4096)
                with mmap.mmap(fd, 24096) as m: m[5:9] = b"mmap"
                assert os.pread(fd, 10, 0) == b"xxxxxmmapx"
                fcntl.flock(fd, fcntl.LOCK_EX); fcntl.lockf(fd, fcntl.LOCK_EX, 10)
                nameless = os.open(".", os.O_TMPFILE | os.O_RDWR); os.write(nameless, b"named")
                os.link("/proc/self/fd/%d" % nameless, "t", src_dir_fd=os.open(".", os.O_RDONLY))
                os.rename("t", "u"); os.unlink("f"); assert os.pread(fd, 1, 0) == b"x"
                s = socket.socket(socket.AF_UNIX); s.bind("s")
                os.setxattr("u", "user.a", b"b"); os.utime("u", (1, 1)); assert os.listxattr("u") == ["user.a"]
                for name in ("device", "setuid"):
                    try: os.mknod(name, 0o20666, os.makedev(1, 3)) if name == "device" else None
                    except PermissionError: pass
                    else: assert name == "setuid"
                # The mode is kept and means nothing.
                os.chmod("u", 0o6755); assert os.stat("u").st_mode & 0o7777 == 0o6755
                assert os.statvfs(".").f_flag & (os.ST_NOSUID | os.ST_NODEV) == os.ST_NOSUID | os.ST_NODEV
                print(sorted(os.listdir(".")))
                """
            let result = try run(
                "/usr/bin/python3", ["-I", "-c", script, gateway.viewSandbox], user: MountedGateway.agent)
            #expect(try result.requireSuccess() == "['s', 'u']\n")
        }
    }

    /// Everything that changes a file, by its name and by descriptors that were got before: as the agent, and as root beside the mount.
    private static let attacks = """
        import mmap, os, shutil, sys
        zone, who, direct = sys.argv[1], sys.argv[2], sys.argv[3] == "direct"
        if who == "agent": os.setgroups([]); os.setresgid(61234, 61234, 61234); os.setresuid(61234, 61234, 61234)
        os.chdir(zone)
        done = []
        def attempt(name, call):
            try: call()
            except OSError as error: return
            done.append(name)
        def through(flags, call):
            fd = os.open("foreign", flags)
            try: call(fd)
            finally: os.close(fd)
        attempt("read", lambda: open("foreign").read())
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_CREAT):
            attempt("open %o" % flags, lambda: through(flags, lambda fd: os.write(fd, b"changed")))
        attempt("truncate", lambda: os.truncate("foreign", 0))
        attempt("chmod", lambda: os.chmod("foreign", 0o600))
        # What root may give away there as on the disk; nobody else may.
        gives = direct and who == "root"
        if not gives: attempt("chown", lambda: os.chown("foreign", 61234, 61234))
        attempt("chown to root", lambda: os.chown("foreign", 0, 0))
        attempt("utime", lambda: os.utime("foreign", (1, 1)))
        attempt("touch", lambda: os.utime("foreign"))
        attempt("setxattr", lambda: os.setxattr("foreign", "user.a", b"b"))
        attempt("acl", lambda: os.setxattr("foreign", "system.posix_acl_access", bytes.fromhex("0200000001000600ffffffff04000600ffffffff20000600ffffffff")))
        attempt("capability", lambda: os.setxattr("foreign", "security.capability", bytes.fromhex("0100000200000000000000000000000000000000")))
        for name, call in {"fchmod": lambda fd: os.fchmod(fd, 0o600), "fchown": lambda fd: os.fchown(fd, 0, 0) if gives else os.fchown(fd, 61234, 61234),
                           "futime": lambda fd: os.utime(fd, (1, 1)), "fsetxattr": lambda fd: os.setxattr(fd, "user.a", b"b"),
                           "reopen": lambda fd: os.open("/proc/self/fd/%d" % fd, os.O_WRONLY),
                           "reopen-truncate": lambda fd: os.truncate("/proc/self/fd/%d" % fd, 0)}.items():
            attempt(name, lambda: through(os.O_RDONLY, call))
            attempt("path-" + name, lambda: through(os.O_PATH, call))
        attempt("mmap", lambda: through(os.O_RDWR, lambda fd: mmap.mmap(fd, 4)))
        attempt("link", lambda: os.link("foreign", "again"))
        attempt("copy", lambda: shutil.copyfile("/etc/passwd", "foreign"))
        if direct or who == "agent":
            attempt("write in a directory", lambda: open("directory/made", "w"))
            attempt("write below", lambda: open("directory/file", "w").write("changed"))
            attempt("unlink below", lambda: os.unlink("directory/file"))
            attempt("mkdir below", lambda: os.mkdir("directory/d"))
        if direct:
            attempt("rename", lambda: os.rename("foreign", "moved"))
            attempt("replace", lambda: os.rename("mine", "foreign"))
            attempt("unlink", lambda: os.unlink("foreign"))
            attempt("rename-directory", lambda: os.rename("directory", "moved"))
            if who == "root":
                for name, call in {"create": lambda: open("new", "w"), "mkdir": lambda: os.mkdir("new"), "symlink": lambda: os.symlink("a", "new"),
                                   "mkfifo": lambda: os.mkfifo("new"), "mknod": lambda: os.mknod("new", 0o60666, os.makedev(1, 3)),
                                   "tmpfile": lambda: os.open(".", os.O_TMPFILE | os.O_RDWR), "chown own": lambda: os.chown("mine", 0, 0)}.items():
                    attempt(name, call)
        print(sorted(done))
        """

    /// In a served zone a name of a foreign file may be removed, and what is in a directory of root's is root's.
    @Test(arguments: ["direct", "served"], ["agent", "root"])
    func `S-51: what belongs to somebody else cannot be changed, hard-linked with mode 666 or not`(
        access: String, who: String
    ) async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell(
                """
                cd source; echo foreign > outside; chmod 666 outside; ln outside data/sandbox/foreign
                mkdir data/sandbox/directory; echo below > data/sandbox/directory/file
                chmod 755 data/sandbox/directory; chmod 644 data/sandbox/directory/file
                echo mine > data/sandbox/mine; chown 61234:61234 data/sandbox/mine
                """, workingDirectory: directory
            ).requireSuccess()
            try await withGateway(in: directory, .init(more: ["--sandbox-access", access])) { gateway in
                func disk() throws -> String {
                    try shell(
                        "stat -c '%n %i %f %h %u:%g %s %Y %Z' outside data/sandbox/foreign data/sandbox/directory data/sandbox/directory/file; "
                            + "cat outside; getfattr -d -m- --absolute-names outside; ls data/sandbox data/sandbox/directory",
                        workingDirectory: gateway.source
                    ).requireSuccess()
                }
                let before = try disk()
                let result = try run(
                    "/usr/bin/python3", ["-I", "-c", Self.attacks, gateway.viewSandbox, who, access], seconds: 60)
                #expect(try result.requireSuccess() == "['read']\n", "\(result)")
                #expect(try disk() == before)
            }
        }
    }

    @Test func `S-52: links and renames between the sandbox and all else cross mounts`() async throws {
        try await withGateway(Self.direct) { gateway in
            let script = """
                import errno, os, sys
                view = sys.argv[1]; sandbox = view + "/data/sandbox/"; code = view + "/data/code-repo/"
                for path in (sandbox + "f", code + "f"): open(path, "w").close()
                for a, b in ((sandbox + "f", code + "g"), (code + "f", sandbox + "g"), (sandbox + "f", view + "/g"), (view + "/file", sandbox + "g")):
                    for call in (os.link, os.rename):
                        try: call(a, b); print("done", a, b)
                        except OSError as error: print(error.errno in (errno.EXDEV, errno.EROFS), end=" ")
                """
            try writeFile(gateway.source + "/file", "file\n")
            let result = try run("/usr/bin/python3", ["-I", "-c", script, gateway.view], user: MountedGateway.agent)
            #expect(try result.requireSuccess() == String(repeating: "True ", count: 8))
        }
    }

    @Test func `S-53: a sandbox that is replaced on the disk is read-only until the view is mounted anew`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try await withGateway(in: directory, Self.direct) { gateway in
                try shell("mv sandbox old; mkdir sandbox; chown 61234:61234 sandbox", workingDirectory: gateway.source + "/data")
                    .requireSuccess()
                try await eventually("the new directory is read-only") {
                    let result = try gateway.asAgent("echo x > data/sandbox/new")
                    return result.errors.contains("Read-only file system")
                }
                try await eventually("the daemon says it") {
                    try readFile(gateway.log).contains("the mount of sandbox at \(gateway.viewSandbox) is gone")
                }
                #expect(!exists(gateway.sandbox + "/new"))
            }
            try await withGateway(in: directory, Self.direct) { gateway in
                try gateway.asAgent("echo x > data/sandbox/new").requireSuccess()
                #expect(exists(gateway.sandbox + "/new"))
            }
        }
    }

    @Test func `S-53: a killed daemon leaves nothing that the next one does not clear away`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let child = try startGateway(MountedGateway.arguments(directory, Self.direct), log: directory + "/log")
            try child.signal(SIGKILL)
            _ = try child.wait()
            try await withGateway(in: directory, Self.direct) { gateway in
                #expect(try table(gateway).count == 3)
                try gateway.asAgent("echo x > data/sandbox/new").requireSuccess()
                #expect(try readFile(gateway.sandbox + "/new") == "x\n")
            }
            #expect(try MountTable.read().entries(atOrBelow: directory).isEmpty)
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var options = MountedGateway.Options()
        var owner = "61234:61234"
        let message: String
    }

    @Test(arguments: [
        Refused(
            testDescription: "a quota", options: .init(more: ["--sandbox-quota", "100000000"]),
            message: "enforces no quota by project"),
        Refused(testDescription: "a hidden name in it", options: .init(hide: ["/**/key"]), message: "'/**/key' reaches into"),
        Refused(
            testDescription: "a protected name in it", options: .init(protect: ["/var/**/x"]), message: "reaches into the sandbox"),
        Refused(testDescription: "another owner", owner: "0:61234", message: "belongs to 0:61234 and not to the agent"),
        Refused(testDescription: "another group", owner: "61234:0", message: "belongs to 61234:0 and not to the agent"),
    ])
    func `S-54: it is refused where it would not hold`(_ refused: Refused) throws {
        try withTemporaryDirectory(below: "/var/tmp") { directory in
            try MountedGateway.makeDirectories(in: directory)
            try run("chown", [refused.owner, directory + "/source/data/sandbox"]).requireSuccess()
            var options = refused.options
            options.more += ["--sandbox-access", "direct"]
            let result = try run(Executables.mount, MountedGateway.arguments(directory, options))
            #expect(result.status == .exited(2) && result.errors.contains(refused.message), "\(result)")
            #expect(try MountTable.read().entries(atOrBelow: directory).isEmpty)
            #expect(try run("ls", ["-A", directory + "/source/data/sandbox"]).output.isEmpty)
        }
    }
}
