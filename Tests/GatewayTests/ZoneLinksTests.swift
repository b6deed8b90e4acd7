import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Files with several names in a zone: all that are inside are found, whatever the daemon has come to know of them and lost again, and none that is
/// not. Docs/Semantics.md, S-23 and S-24. Run by itself: the machine's memory of names is dropped all the time.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ZoneLinksTests {
    /// Has the kernel forget every name and inode that nobody uses.
    private func forget() throws { try writeFile("/proc/sys/vm/drop_caches", "2") }

    @Test func `S-24: names that were made in a zone count when the kernel has forgotten them`() async throws {
        try await withGateway { gateway async throws in
            let zone = gateway.viewSandbox
            try gateway.asAgent("cd data/sandbox; mkdir d; echo x > d/0; ln d/0 1; ln d/0 d/2; mkfifo p; ln p p1; ln p p2")
                .requireSuccess()
            let before = try await gateway.requests("sandbox")
            try await eventually("the kernel forgets them") {
                try forget()
                let now = try await gateway.requests("sandbox")
                return ["forget", "batch_forget"].contains { now[$0] ?? 0 > before[$0] ?? 0 }
            }
            for name in ["/1", "/d/2", "/d/0"] {
                try forget()
                #expect(FileCalls.open(zone + name, O_WRONLY) == nil)
                #expect(errno { unsafe chmod(zone + name, 0o600) } == nil)
            }
            try forget()
            #expect(errno { unsafe link(zone + "/1", zone + "/3") } == nil)
            try forget()
            #expect(errno { unsafe chmod(zone + "/p", 0o600) } == nil)
            #expect(status(gateway.sandbox + "/1")?.st_nlink == 4)
        }
    }

    @Test func `S-23: a file with several names from before is changed when all are inside, and else not`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                """
                mkdir -p data/sandbox/a/b/c outside; cd data/sandbox
                for n in 1 2 3; do echo $n > $n; ln $n a/b/c/$n; done; ln 2 ../../outside/two; ln 3 ../code-repo/three
                for n in $(seq 2000); do echo $n > a/$n; done; chown -R 61234:61234 .
                """, workingDirectory: source
            ).requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            let zone = gateway.viewSandbox
            #expect(FileCalls.open(zone + "/1", O_WRONLY) == nil)
            for name in ["/2", "/a/b/c/2", "/3"] {
                #expect(FileCalls.open(zone + name, O_WRONLY) == .notPermitted)
                #expect(errno { unsafe link(zone + name, zone + "/new") } == .notPermitted)
                #expect(errno { unsafe chmod(zone + name, 0o777) } == .notPermitted)
            }
            // Its names inside are moved about, and it is refused all the same.
            #expect(FileCalls.rename(zone + "/2", zone + "/a/two") == nil)
            #expect(FileCalls.open(zone + "/a/two", O_RDWR) == .notPermitted)
            // A name less outside, and one more.
            #expect(errno { unsafe unlink(gateway.source + "/outside/two") } == nil)
            #expect(FileCalls.open(zone + "/a/two", O_RDWR) == nil)
            #expect(errno { unsafe link(gateway.sandbox + "/a/two", gateway.source + "/outside/again") } == nil)
            try await eventually("the new name is noticed") { FileCalls.open(zone + "/a/two", O_RDWR) == .notPermitted }
            // The other names inside are removed by the agent: what is left is outside.
            let held = try FileCalls.opened(zone + "/a/two", O_RDONLY)
            #expect(errno { unsafe unlink(zone + "/a/two") } == nil && errno { unsafe unlink(zone + "/a/b/c/2") } == nil)
            // ESTALE where the report of the name that went outside comes only now (S-41): the kernel cannot ask for a name here.
            let refusal = FileCalls.open("/proc/self/fd/\(held.rawValue)", O_WRONLY)
            #expect(refusal == .notPermitted || refusal == .staleNFSFileHandle)
            #expect(try readFile(gateway.source + "/outside/again") == "2\n")
        }
    }

    @Test func `S-23: a directory that leaves the zone takes the names in it along`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                "mkdir -p data/sandbox/up/d; cd data/sandbox; echo x > f; ln f up/d/f; chown -R 61234:61234 .",
                workingDirectory: source
            ).requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            let file = gateway.viewSandbox + "/f"
            try gateway.asAgent("ls -lR data/sandbox; echo y > data/sandbox/f").requireSuccess()
            #expect(FileCalls.rename(gateway.sandbox + "/up", gateway.source + "/up") == nil)
            try await eventually("what is outside is noticed") { FileCalls.open(file, O_WRONLY) == .notPermitted }
            #expect(FileCalls.rename(gateway.source + "/up", gateway.sandbox + "/back") == nil)
            try await eventually("what is inside again is found") { FileCalls.open(file, O_WRONLY) == nil }
        }
    }

    /// Four processes of the agent link, rename, change and remove names of the same few files, while somebody beside the mount makes and removes the
    /// same names, the kernel forgets what it knows, and directories are moved.
    private static let storm = """
        import errno, os, random, sys, time
        zone, disk, outside, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
        end = time.time() + seconds
        def fork(work, seed, user=None):
            child = os.fork()
            if child: return child
            code = 1
            try:
                if user: os.setgroups([]); os.setresgid(user, user, user); os.setresuid(user, user, user)
                work(random.Random(seed), seed); code = 0
            except BaseException as error: import traceback; print(traceback.format_exc(limit=-2), flush=True)
            os._exit(code)
        # What fails otherwise than for a name that came or went is told.
        coming = {errno.ENOENT, errno.EEXIST, errno.ESTALE, errno.EMLINK, errno.ENOTEMPTY}
        def attempt(call, *arguments):
            try: return call(*arguments)
            except OSError as error:
                if error.errno not in coming: raise
        def write(path): file = os.open(path, os.O_WRONLY); os.write(file, b"mine"); os.close(file)
        def agent(chance, seed):
            while time.time() < end:
                # Nobody else touches these: every step of them has to succeed.
                base = f"{zone}/own{seed}"
                os.close(os.open(base, os.O_CREAT | os.O_WRONLY, 0o644))
                for n in range(3):
                    os.link(base, f"{base}.{n}"); os.chmod(f"{base}.{n}", 0o640); write(f"{base}.{n}")
                os.rename(f"{base}.0", f"{zone}/d{seed % 2}/own{seed}"); os.utime(base); write(f"{zone}/d{seed % 2}/own{seed}")
                for path in (base, f"{base}.1", f"{base}.2", f"{zone}/d{seed % 2}/own{seed}"): os.unlink(path)
                # These everybody does: they come and go, but nobody is refused.
                for _ in range(4):
                    one, other = f"{zone}/s{chance.randrange(3)}", f"{zone}/d{chance.randrange(2)}/n{chance.randrange(3)}"
                    attempt(lambda: os.close(os.open(one, os.O_CREAT | os.O_WRONLY, 0o666)))
                    attempt(os.link, one, other); attempt(write, one); attempt(os.chmod, other, 0o666); attempt(write, other)
                    attempt(os.rename, other, other + "x"); attempt(os.chmod, other + "x", 0o666)
                    attempt(os.unlink, chance.choice([one, other, other + "x"]))
                # And this one has a name outside.
                for path in (f"{zone}/o", f"{zone}/o.moved"):
                    try: write(path); print("written outside", flush=True); os._exit(1)
                    except OSError as error:
                        if error.errno not in (errno.EPERM, errno.ENOENT, errno.ESTALE): raise
                attempt(os.rename, f"{zone}/o", f"{zone}/o.moved"); attempt(os.rename, f"{zone}/o.moved", f"{zone}/o")
                attempt(os.listdir, zone)
        def beside(chance, seed):
            while time.time() < end:
                name = f"{disk}/d{chance.randrange(2)}/n{chance.randrange(3)}"
                attempt(lambda: os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))); attempt(os.unlink, name)
        def forgetting(chance, seed):
            while time.time() < end:
                open("/proc/sys/vm/drop_caches", "w").write("2"); time.sleep(0.1)
                attempt(os.rename, f"{disk}/e", f"{disk}/e2"); attempt(os.rename, f"{disk}/e2", f"{disk}/e")
        children = [fork(agent, seed, 61234) for seed in range(4)] + [fork(beside, 9, 61234), fork(forgetting, 10)]
        print(sum(os.waitpid(child, 0)[1] != 0 for child in children))
        """

    @Test(arguments: [[], ["long-lifetimes"], ["passthrough", "io-uring"]])
    func `S-23 and S-24: nobody is refused his own names, and nobody reaches outside, whatever is forgotten meanwhile`(
        _ without: [String]
    ) async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                """
                mkdir -p data/sandbox/{d0,d1,e} outside; echo outside > outside/o; chmod 666 outside/o; cd data/sandbox
                for n in $(seq 300); do echo $n > e/$n; done; ln ../../outside/o o; chown 61234:61234 d0 d1 e
                """, workingDirectory: source
            ).requireSuccess()
        }
        try await withGateway(.init(without: without), prepare: prepare) { gateway async throws in
            let said = try run(
                "/usr/bin/python3",
                ["-I", "-c", Self.storm, gateway.viewSandbox, gateway.sandbox, gateway.source + "/outside", "5"], seconds: 60)
            #expect(said.output == "0\n", "\(said)")
            #expect(try readFile(gateway.source + "/outside/o") == "outside\n")
        }
    }
}
