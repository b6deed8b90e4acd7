import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Protected and hidden names in zones. Docs/Semantics.md, S-25 to S-29.
@Suite struct ZoneProtectionTests {
    /// A repository in code-repo with a hook and a config that the admin made.
    private static func prepare(_ source: String) throws {
        try shell(
            "mkdir -p .git/hooks .git/info .git/objects sub; echo hook > .git/hooks/pre-commit; echo conf > .git/config; chown -R 61234:61234 .",
            workingDirectory: source + "/data/code-repo"
        ).requireSuccess()
    }

    @Test(.timeLimit(.minutes(10))) func `S-25: a protected name is never made, changed, removed, moved or linked`() async throws {
        try await withGateway(prepare: Self.prepare) { gateway async throws in
            let zone = gateway.viewCodeRepo
            let config = zone + "/.git/config"
            try writeFile(zone + "/mine", "mine")
            #expect(try readFile(config) == "conf\n")
            for flags in [O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_CREAT] {
                #expect(FileCalls.open(config, flags) == .notPermitted)
            }
            #expect(errno { unsafe truncate(config, 0) } == .notPermitted)
            #expect(errno { unsafe chmod(config, 0o777) } == .notPermitted)
            #expect(FileCalls.setAttribute(config, "user.x", [1]) == .notPermitted)
            #expect(errno { unsafe unlink(config) } == .notPermitted)
            #expect(errno { unsafe link(config, zone + "/alias") } == .notPermitted)
            #expect(FileCalls.rename(config, zone + "/moved") == .notPermitted)
            #expect(FileCalls.rename(zone + "/mine", config) == .notPermitted)
            #expect(FileCalls.rename(zone + "/mine", config, pinfold_RENAME_EXCHANGE) == .notPermitted)
            let hook = zone + "/.git/hooks/post-commit"
            #expect(FileCalls.open(hook, O_WRONLY | O_CREAT) == .notPermitted)
            #expect(errno { unsafe mkdir(hook, 0o755) } == .notPermitted)
            #expect(errno { unsafe symlink("x", hook) } == .notPermitted)
            #expect(errno { unsafe mknod(hook, FileCalls.fifo | 0o600, 0) } == .notPermitted)
            #expect(errno { unsafe link(zone + "/mine", hook) } == .notPermitted)
            #expect(FileCalls.open(zone + "/.git/hooks", O_RDWR | pinfold_O_TMPFILE) == .notPermitted)
            #expect(errno { unsafe rmdir(zone + "/.git/hooks") } == .notPermitted)
            #expect(try readFile(gateway.codeRepo + "/.git/config") == "conf\n")
            #expect(try run("ls", [gateway.codeRepo + "/.git/hooks"]).requireSuccess() == "pre-commit\n")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-26: a directory that holds protected names stays where it is`() async throws {
        try await withGateway(prepare: Self.prepare) { gateway async throws in
            let zone = gateway.viewCodeRepo
            #expect(FileCalls.rename(zone + "/.git", zone + "/g0") == .notPermitted)
            #expect(FileCalls.rename(zone + "/.git", zone + "/sub", pinfold_RENAME_EXCHANGE) == .notPermitted)
            #expect(FileCalls.rename(zone + "/sub", zone + "/.git", pinfold_RENAME_EXCHANGE) == .notPermitted)
            #expect(exists(gateway.codeRepo + "/.git/hooks/pre-commit"))
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-27: no arrangement of directories brings a name to where it is protected`() async throws
    {
        try await withGateway(prepare: Self.prepare) { gateway async throws in
            let zone = gateway.viewCodeRepo
            // A hook under another name first, then its directory moved to where it would be one.
            try shell("mkdir -p sub/evil/hooks; echo evil > sub/evil/hooks/pre-commit", workingDirectory: zone).requireSuccess()
            #expect(FileCalls.rename(zone + "/sub/evil", zone + "/sub/.git") == .notPermitted)
            // Empty, it may move; then the name is protected in it, also for who came in by the old name.
            try shell("mkdir -p sub/plain/info", workingDirectory: zone).requireSuccess()
            let before = try FileCalls.opened(zone + "/sub/plain", O_RDONLY | O_DIRECTORY)
            #expect(FileCalls.rename(zone + "/sub/plain", zone + "/sub/.git") == nil)
            #expect(throws: Errno.notPermitted) {
                try "hooks".withPathBytes { name throws(Errno) in try before.makeDirectory(name, mode: 0o755) }
            }
            #expect(FileCalls.open(zone + "/sub/.git/config", O_WRONLY | O_CREAT) == .notPermitted)
            #expect(FileCalls.open(zone + "/sub/.git/info/other", O_WRONLY | O_CREAT) == nil)
            // A symbolic link would lead around the rule.
            #expect(errno { unsafe symlink("evil", zone + "/sub/evil/.git") } == .notPermitted)
        }
    }

    /// What is found in a directory has its place from where that lay when it was looked at; the kernel lists one while those above it move.
    @Test(.timeLimit(.minutes(10))) func `S-27: what a listing finds while a directory above moves is placed where it lies`()
        async throws
    {
        let script = """
            import ctypes, os, sys, threading, time
            os.chdir(sys.argv[1])
            libc = ctypes.CDLL(None)
            count = 300
            os.makedirs(".git/modules", exist_ok=True)
            os.makedirs("evil/deep")
            for number in range(count): os.mkdir(f"evil/deep/{number}")
            end = time.monotonic() + 6
            while time.monotonic() < end:
                # So that the kernel has no listing of it.
                os.close(os.open("evil/deep/new", os.O_CREAT)); os.unlink("evil/deep/new")
                directory = os.open("evil/deep", os.O_RDONLY | os.O_DIRECTORY)
                def list_it():
                    room = ctypes.create_string_buffer(1 << 20)
                    while libc.syscall(217 if os.uname().machine == "x86_64" else 61, directory, room, len(room)) > 0: pass
                listing = threading.Thread(target=list_it); listing.start()
                os.rename("evil", ".git/modules/e")
                listing.join(); os.close(directory)
                for number in range(count):
                    for name, call in (("hooks", os.mkdir), ("config", lambda path: os.close(os.open(path, os.O_CREAT | os.O_WRONLY)))):
                        try: call(f".git/modules/e/deep/{number}/{name}")
                        except PermissionError: continue
                        sys.exit(f"{number}/{name} was made")
                os.rename(".git/modules/e", "evil")
            """
        try await withGateway(
            .init(protect: [".git/hooks", ".git/config", ".git/modules/**/hooks", ".git/modules/**/config"]), prepare: Self.prepare
        ) { gateway async throws in
            try run("/usr/bin/python3", ["-I", "-c", script, gateway.viewCodeRepo], user: (61234, 61234), seconds: 100)
                .requireSuccess()
            #expect(try run("find", [gateway.codeRepo, "-path", "*/deep/*", "-type", "f"]).requireSuccess() == "")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-28: the same bytes over a protected file remove the source and leave the target`()
        async throws
    {
        try await withGateway(prepare: Self.prepare) { gateway async throws in
            let zone = gateway.viewCodeRepo
            let config = zone + "/.git/config"
            let inode = status(gateway.codeRepo + "/.git/config")?.st_ino
            try writeFile(zone + "/.git/config.lock", "conf\n")
            #expect(FileCalls.rename(zone + "/.git/config.lock", config) == nil)
            #expect(!exists(zone + "/.git/config.lock"))
            #expect(status(gateway.codeRepo + "/.git/config")?.st_ino == inode)
            try await eventually("the kernel has the target's inode again") { status(config)?.st_ino == inode }
            #expect(try readFile(config) == "conf\n")
            try writeFile(zone + "/.git/config.lock", "evil\n")
            #expect(FileCalls.rename(zone + "/.git/config.lock", config) == .notPermitted)
            #expect(try readFile(gateway.codeRepo + "/.git/config") == "conf\n")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-28: what was renamed over a protected file is never what its name leads to`()
        async throws
    {
        try await withGateway(prepare: Self.prepare) { gateway async throws in
            // Open, and by another name, the source can be written to still. Others look the name up all the time.
            let attempt = """
                import os, sys, threading
                def look():
                    while not done:
                        for name in ("config", "c.lock", "c2"):
                            try: os.stat(name)
                            except OSError: pass
                done = []
                threads = [threading.Thread(target=look) for _ in range(2)]
                for thread in threads: thread.start()
                wrong = 0
                for _ in range(500):
                    lock = os.open("c.lock", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
                    os.write(lock, b"conf\\n")
                    os.link("c.lock", "c2")
                    os.rename("c.lock", "config")
                    os.pwrite(lock, b"evil\\n", 0)
                    wrong += open("config").read() != "conf\\n"
                    os.close(lock)
                    os.unlink("c2")
                done.append(1)
                for thread in threads: thread.join()
                print(wrong)
                """
            let zone = gateway.viewCodeRepo
            #expect(try run("python3", ["-c", attempt], workingDirectory: zone + "/.git").requireSuccess() == "0\n")
            #expect(try readFile(gateway.codeRepo + "/.git/config") == "conf\n")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-29: a floating pattern holds in code-repo alone, an anchored one in every zone`()
        async throws
    {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let options = MountedGateway.Options(
                hide: [directory + "/source/data/sandbox/hidden"],
                protect: [".git/hooks", directory + "/source/data/sandbox/fixed"])
            try await withGateway(in: directory, options) { gateway async throws in
                try shell("mkdir -p .git/hooks; echo x > .git/hooks/h", workingDirectory: gateway.viewSandbox).requireSuccess()
                #expect(FileCalls.open(gateway.viewSandbox + "/fixed", O_WRONLY | O_CREAT) == .notPermitted)
                #expect(errno { unsafe mkdir(gateway.viewCodeRepo + "/.git", 0o755) } == nil)
                #expect(errno { unsafe mkdir(gateway.viewCodeRepo + "/.git/hooks", 0o755) } == .notPermitted)
                // A hidden name cannot be made in a zone, and what is there is not shown.
                #expect(FileCalls.open(gateway.viewSandbox + "/hidden", O_WRONLY | O_CREAT) == .notPermitted)
                try writeFile(gateway.sandbox + "/hidden", "h")
                #expect(FileCalls.open(gateway.viewSandbox + "/hidden", O_RDONLY) == .noSuchFileOrDirectory)
                #expect(try run("ls", ["-A", gateway.viewSandbox]).requireSuccess() == ".git\n")
            }
        }
    }
}
