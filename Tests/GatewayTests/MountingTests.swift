import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// How a view comes and goes.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct MountingTests {
    /// The mounts at and below the view: mountpoint and options.
    private func mounts(_ directory: String) throws -> [MountEntry] {
        try MountTable.read().entries(atOrBelow: directory + "/view")
    }

    @Test func `the view is mounted read-only and each zone writable over it`() async throws {
        try await withGateway { gateway in
            let entries = try mounts(gateway.directory)
            #expect(entries.map(\.mountpoint) == [gateway.view, gateway.viewCodeRepo, gateway.viewSandbox])
            #expect(entries.map(\.root) == ["/view", "/code-repo", "/sandbox"])
            for entry in entries {
                #expect(entry.type == "fuse.pinfold" && entry.source == gateway.source)
                #expect(entry.options.contains("nosuid") && entry.options.contains("nodev"))
            }
            #expect(entries.map { $0.options.contains("ro") } == [true, false, false])
            #expect(try gateway.asAgent("echo x > outside").errors.contains("Read-only file system"))
            try gateway.asAgent("echo x > data/sandbox/inside; echo x > data/code-repo/inside").requireSuccess()
            #expect(try readFile(gateway.sandbox + "/inside") == "x\n")
            #expect(try readFile(gateway.codeRepo + "/inside") == "x\n")
        }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `a signal unmounts and ends with 0`(_ signal: Int32) throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let child = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
            try child.signal(signal)
            #expect(try child.ends(withinMilliseconds: 30_000))
            #expect(try child.wait() == .exited(0))
            #expect(try mounts(directory).isEmpty)
        }
    }

    @Test func `an unmount by somebody else ends the daemon`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let child = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
            try run("umount", ["-R", directory + "/view"]).requireSuccess()
            #expect(try child.ends(withinMilliseconds: 30_000))
            #expect(try child.wait() == .exited(0))
            #expect(try mounts(directory).isEmpty)
        }
    }

    @Test func `a view in use is detached, and who used it gets an error`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let gateway = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
            let file = try Descriptor.open(directory + "/view/data/sandbox", [.readOnly, .directory])
            try gateway.signal(SIGTERM)
            #expect(try gateway.ends(withinMilliseconds: 30_000))
            #expect(try gateway.wait() == .exited(0))
            #expect(try mounts(directory).isEmpty)
            let error = #expect(throws: Errno.self) { _ = try file.open("name", .readOnly) }
            // The other is for a request that the end of the connection overtakes.
            #expect(error == .socketNotConnected || error == .connectionAbort)
            #expect(try readFile(directory + "/log").contains("still in use"))
        }
    }

    @Test func `a dead daemon's mount answers an error, and the next start clears it`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let dead = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
            try dead.signal(SIGKILL)
            _ = try dead.wait()
            #expect(try mounts(directory).count == 3)
            // A process that hung would be ended by the deadline of `run`.
            let said = try run("stat", [directory + "/view/data"], seconds: 20).errors
            // The other is for a request that the end of the connection overtakes.
            #expect(said.contains("not connected") || said.contains("connection abort"), "\(said)")
            try await withGateway(in: directory) { gateway in
                #expect(try mounts(directory).count == 3)
                try gateway.asAgent("echo x > data/sandbox/alive").requireSuccess()
            }
            #expect(try mounts(directory).isEmpty)
        }
    }

    /// Three readers of the agent's look up and list what two writers beside the view replace all the time. It ends when the view answers errors.
    private static let storm = """
        import os, random, sys
        source, view, agent = sys.argv[1], sys.argv[2], int(sys.argv[3])
        def fork(work, seed):
            child = os.fork()
            if child == 0:
                try: work(random.Random(seed))
                finally: os._exit(0)
            return child
        def read(chance):
            os.setgid(agent); os.setuid(agent)
            while True:
                try: open(f"{view}/many/{chance.randrange(2000)}").read()
                except FileNotFoundError: pass
                if chance.randrange(50) == 0: os.listdir(f"{view}/many")
        def write(chance):
            while True:
                name = f"{source}/many/{chance.randrange(2000)}"
                try: os.unlink(name)
                except FileNotFoundError: pass
                open(name, "w").write("x" * chance.randrange(9000))
        writers = [fork(write, seed) for seed in (1, 2)]
        for reader in [fork(read, seed) for seed in (3, 4, 5)]: os.waitpid(reader, 0)
        for writer in writers: os.kill(writer, 9)
        """

    @Test func `a daemon that is killed in the middle of a storm of changes is gone, and nobody hangs`() async throws {
        // Without its guard it stayed, and everybody with it, every second time.
        for _ in 0..<6 {
            try await withTemporaryDirectory { directory in
                try MountedGateway.makeDirectories(in: directory)
                try makeDirectories(directory + "/source/many")
                let daemon = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
                let gateway = MountedGateway(directory: directory, pid: daemon.pid)
                let storm = try ChildProcess(
                    .init("python3", ["-c", Self.storm, gateway.source, gateway.view, "\(MountedGateway.agent.uid)"]))
                try await eventually("the storm is on") { try await gateway.requests("view")["lookup"] ?? 0 > 1000 }
                try daemon.signal(SIGKILL)
                let isGone = try daemon.ends(withinMilliseconds: 20_000)
                #expect(isGone)
                // Or neither would ever end.
                if !isGone { for mount in try mounts(directory) { try run("umount", ["-f", mount.mountpoint]) } }
                #expect(try storm.ends(withinMilliseconds: 20_000))
                _ = try daemon.wait()
                let unmounted = try run("umount", ["-l", gateway.view])
                let log = try readFile(gateway.log)
                #expect(unmounted.status == .exited(0), "\(unmounted.errors)\(log)")
            }
        }
    }

    @Test func `the guard ends connections for nobody's signal, and its end is reported`() async throws {
        try await withGateway { gateway in
            let child = try #require(
                Int32(try run("pgrep", ["-P", "\(gateway.pid)", "-x", "pinfold-guard"]).requireSuccess().filter(\.isNumber)))
            #expect(try readFile("/proc/\(child)/comm") == "pinfold-guard\n")
            #expect(try readFile("/proc/\(child)/status").contains("CapPrm:\t0000000000000000"))
            // Its end of the link, the kernel's files of the connections, and where it reads its signals.
            #expect(try run("ls", ["/proc/\(child)/fd"]).requireSuccess().split(separator: "\n").count == 6)
            for signal in [SIGUSR1, SIGTERM, SIGINT, SIGHUP] { #expect(kill(child, signal) == 0) }
            try gateway.asAgent("echo x > data/sandbox/alive").requireSuccess()
            #expect(kill(child, SIGKILL) == 0)
            try await eventually("the loss is in the log") {
                try readFile(gateway.log).contains("guards the kernel's connections is gone")
            }
            try gateway.asAgent("echo x > data/sandbox/alive").requireSuccess()
        }
    }

    @Test func `a second daemon on the same mountpoint is refused and the first goes on`() async throws {
        try await withGateway { gateway in
            let second = try run(Executables.mount, MountedGateway.arguments(gateway.directory))
            #expect(second.status == .exited(2))
            #expect(second.errors.contains("in use: process \(gateway.pid) serves a view there"))
            try gateway.asAgent("echo x > data/sandbox/alive").requireSuccess()
        }
    }

    @Test func `two views of one source serve side by side`() async throws {
        try await withGateway { gateway in
            try makeDirectories(gateway.directory + "/other")
            var words = MountedGateway.arguments(gateway.directory)
            words[3] = gateway.directory + "/other"
            let second = try startGateway(words, log: gateway.directory + "/log2")
            try gateway.asAgent("echo one > data/sandbox/file").requireSuccess()
            try await eventually("the second view shows what was written through the first") {
                (try? readFile(gateway.directory + "/other/data/sandbox/file")) == "one\n"
            }
            try second.signal(SIGTERM)
            #expect(try second.wait() == .exited(0))
            #expect(try gateway.asAgent("cat data/sandbox/file").output == "one\n")
        }
    }

    @Test func `a view ends at once though a younger one shows the place where it is`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            for name in ["one", "other", "namespace"] { try makeDirectories("\(directory)/source/\(name)") }
            var words = MountedGateway.arguments(directory)
            words[3] = directory + "/source/one"
            let older = try startGateway(words, log: directory + "/log")
            try shell("touch net; unshare --net=net true", workingDirectory: directory + "/source/namespace").requireSuccess()
            words[3] = directory + "/source/other"
            let younger = try startGateway(words, log: directory + "/log2")
            // Neither is in the other, and what is mounted there is gone when it goes.
            for name in ["one", "other"] {
                #expect(try run("ls", ["-A", directory + "/source/other/" + name]).requireSuccess() == "")
                #expect((status(directory + "/source/other/" + name)?.st_mode ?? 0) & 0o777 == (name == "one" ? 0o555 : 0o755))
            }
            try older.signal(SIGTERM)
            #expect(try older.wait() == .exited(0))
            #expect(try !readFile(directory + "/log").contains("still in use"))
            // Nor is a network namespace: the file that it is mounted on is there, which is empty.
            let net = try #require(status(directory + "/source/other/namespace/net"))
            #expect(net.st_mode & ~0o777 == mode_t(FileCalls.regular) && net.st_size == 0)
            #expect(FileCalls.open(directory + "/source/other/namespace/net", O_RDONLY) == nil)
            try run("umount", [directory + "/source/namespace/net"]).requireSuccess()
            #expect(FileCalls.open(directory + "/source/other/data/sandbox/file", O_RDWR | O_CREAT) == nil)
            try younger.signal(SIGTERM)
            #expect(try younger.wait() == .exited(0))
        }
    }

    @Test func `a mountpoint inside the source does not show the view again`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try makeDirectories(directory + "/source/view")
            var words = MountedGateway.arguments(directory)
            words[3] = directory + "/source/view"
            let gateway = try startGateway(words, log: directory + "/log")
            #expect(try run("ls", ["-A", directory + "/source/view/view"]).requireSuccess() == "")
            #expect(try run("ls", ["-A", directory + "/source/view"]).requireSuccess() == "data\nview\n")
            try gateway.signal(SIGTERM)
            #expect(try gateway.wait() == .exited(0))
        }
    }

    @Test func `a zone whose mount is gone is reported and read-only`() async throws {
        try await withGateway { gateway in
            try run("umount", [gateway.viewSandbox]).requireSuccess()
            try await eventually("the loss is in the log") {
                try readFile(gateway.log).contains("sandbox at \(gateway.viewSandbox) is gone")
            }
            #expect(try gateway.asAgent("echo x > data/sandbox/file").errors.contains("Read-only file system"))
            try gateway.asAgent("echo x > data/code-repo/file").requireSuccess()
        }
    }

    @Test func `the daemon keeps no power that serving does not need`() async throws {
        try await withGateway { gateway in
            let status = try readFile("/proc/\(gateway.server)/status")
            func value(_ name: String) -> UInt64? {
                status.split(separator: "\n").first { $0.hasPrefix(name + ":") }.flatMap {
                    UInt64($0.drop { $0 != "\t" }.dropFirst(), radix: 16)
                }
            }
            let permitted = try #require(value("CapPrm"))
            #expect(value("CapBnd") == permitted)
            #expect(permitted.nonzeroBitCount <= 10)
            // CAP_SYS_RESOURCE, by which quotas would not hold; CAP_SYS_PTRACE, CAP_NET_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO.
            for number in [24, 19, 12, 16, 17] { #expect(permitted & 1 << UInt64(number) == 0) }
            #expect(status.contains("NoNewPrivs:\t1"))
        }
    }

    @Test func `what is mounted below the source later is not shown, and hangs nobody`() async throws {
        func prepare(_ source: String) throws {
            try makeDirectories(source + "/later")
            try writeFile(source + "/later/below", "the directory's own")
        }
        try await withGateway(prepare: prepare) { gateway in
            let later = gateway.source + "/later"
            #expect(try gateway.asAgent("cat later/below").output == "the directory's own")
            try shell("mount -t tmpfs tmpfs \(later) && echo other > \(later)/above").requireSuccess()
            defer { _ = try? shell("umount -l \(later)") }
            #expect(try gateway.asAgent("ls later; cat later/below").output == "below\nthe directory's own")
            try shell("umount \(later)").requireSuccess()
            // Below the mount the directory can be changed again, and that is seen.
            try writeFile(later + "/below", "changed")
            try await eventually("the change is seen") { try gateway.asAgent("cat later/below").output == "changed" }
        }
    }

    @Test func `a tree of many files is served within the descriptors that were given`() async throws {
        let script = "import os; os.makedirs('tree'); [open(f'tree/{n}', 'w').write(str(n)) for n in range(3000)]"
        func prepare(_ source: String) throws { try run("python3", ["-c", script], workingDirectory: source).requireSuccess() }
        try await withGateway(.init(more: ["--descriptors", "256"]), prepare: prepare) { gateway in
            #expect(try gateway.asAgent("ls -l tree | wc -l; cat tree/* | wc -c").output == "3001\n10890\n")
            // All open at once: those beyond the daemon's share are held by the kernel.
            let opens =
                "import os; os.chdir('data/sandbox'); f = [open(str(n), 'w+') for n in range(900)]; [(x.write(x.name), x.flush()) for x in f]; "
                + "print(sum(int(open(x.name).read()) == n for n, x in enumerate(f)))"
            let passes = KernelVersion.running >= KernelVersion(6, 9)
            let opened = try gateway.asAgent("ulimit -n 2000; python3 -c \"\(opens)\"")
            #expect(opened.output == "900\n" || !passes, "\(opened)")
            #expect(Int(try shell("ls /proc/\(gateway.server)/fd | wc -l").output.dropLast()).map { $0 <= 256 } == true)
        }
    }
}
