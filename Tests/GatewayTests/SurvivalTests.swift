import AuditLog
import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// The process that serves is killed, and the view lives on: who uses it waits for a moment and sees no error.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SurvivalTests {
    private static func options(_ more: [String] = []) -> MountedGateway.Options { .init(more: more, killsServers: true) }

    /// Kills the server, and waits for the next one to serve.
    private func killServer(_ gateway: MountedGateway) async throws {
        let server = try gateway.server
        try #require(server != gateway.pid && kill(server, SIGKILL) == 0)
        try await eventually("another server") { try gateway.server != gateway.pid && gateway.server != server }
        #expect(exists(gateway.view + "/data"))
    }

    /// Clients that compare what they find with what they did, until there is a file `stop` beside the view; each says how often it did so. Every name must be made
    /// and taken away once, every line appended once.
    static let clients = """
        import mmap, os, subprocess, sys
        directory, agent = sys.argv[1], int(sys.argv[2])
        view = directory + "/view"
        stops = lambda: os.path.exists(directory + "/stop")
        def names(home):
            os.mkdir(home + "/dir"); os.mkdir(home + "/dir/in"); os.rmdir(home + "/dir/in"); os.rename(home + "/dir", home + "/moved")
            os.rmdir(home + "/moved")
            os.symlink("target", home + "/link"); os.unlink(home + "/link"); os.mkfifo(home + "/fifo"); os.unlink(home + "/fifo")
            with open(home + "/file", "x") as file: file.write("text")
            os.link(home + "/file", home + "/second"); os.unlink(home + "/file"); os.rename(home + "/second", home + "/third")
            assert open(home + "/third").read() == "text"
            os.unlink(home + "/third")
            assert os.listdir(home) == [], os.listdir(home)
        def appends(home):
            before = os.path.getsize(home + "/log") if os.path.exists(home + "/log") else 0
            with open(home + "/log", "ab", buffering=0) as file:
                for number in range(50): assert file.write(b"%07d\\n" % number) == 8
            lines = open(home + "/log", "rb").read()
            assert lines == b"".join(b"%07d\\n" % number for number in range(50)) * (before // 400 + 1), len(lines)
        def held(home):
            file = os.open(home + "/gone", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            os.unlink(home + "/gone")
            for number in range(50): assert os.pwrite(file, b"%07d\\n" % number, number * 8) == 8
            assert os.pread(file, 1000, 0) == b"".join(b"%07d\\n" % number for number in range(50))
            os.close(file)
        def lists(home):
            for number in range(300 if not os.path.exists(home + "/0") else 0): open(f"{home}/{number}", "x").close()
            assert sorted(os.listdir(home)) == sorted(map(str, range(300)))
            open(home + "/more", "x").close(); os.unlink(home + "/more")
        def reads(home):
            for number in range(200): assert open(f"{view}/many/{number}").read() == str(number) * 50
        def git(home):
            call = lambda *words: subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", home, *words], check=True)
            if not os.path.exists(home + "/.git"): call("init", "-q")
            for number in range(5): open(f"{home}/{number}", "w").write(os.urandom(9).hex())
            call("add", "-A"); call("commit", "-qm", "more"); call("fsck", "--full", "--no-progress")
        children = []
        for work in (names, appends, held, lists, reads, git):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    os.setgroups([]); os.setgid(agent); os.setuid(agent)
                    home = f"{view}/data/sandbox/{work.__name__}"
                    os.mkdir(home); os.environ["HOME"] = home
                    rounds = 0
                    while not stops() or rounds < 2: work(home); rounds += 1
                    print(work.__name__, rounds, flush=True)
                    code = 0
                except BaseException:
                    import traceback; traceback.print_exc()
                finally: os._exit(code)
            children.append(child)
        sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
        """

    @Test(arguments: [[], ["--code-repo-quota", "500000000", "--sandbox-quota", "500000000,50000"]])
    func `servers are killed one after the other, and no client sees an error or a wrong byte`(more: [String]) async throws {
        let prepare = { (source: String) in
            try makeDirectories(source + "/many")
            for number in 0..<200 { try writeFile("\(source)/many/\(number)", String(repeating: "\(number)", count: 50)) }
        }
        try await withGateway(Self.options(more), prepare: prepare) { gateway in
            let output = Descriptor(
                owning: try check { unsafe pinfold_open(gateway.directory + "/said", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644) })
            let clients = try ChildProcess(
                .init(
                    "python3", ["-c", Self.clients, gateway.directory, "\(MountedGateway.agent.uid)"],
                    descriptors: [1: output.rawValue, 2: output.rawValue]))
            try await eventually("all clients are at work") {
                try run("ls", [gateway.sandbox]).requireSuccess().split(separator: "\n").count == 6
            }
            for _ in 0..<20 {
                try await killServer(gateway)
                let served = try await gateway.requests("sandbox")
                try await eventually("the clients go on") { try await gateway.requests("sandbox") != served }
            }
            try writeFile(gateway.directory + "/stop", "")
            #expect(try clients.ends(withinMilliseconds: 60_000))
            let said = try readFile(gateway.directory + "/said")
            #expect(try clients.wait() == .exited(0), "\(said)")
        }
    }

    @Test func `a file that was renamed just before its server died can be changed by who has it open`() async throws {
        try await withGateway(Self.options()) { gateway in
            let attempt = """
                import os, sys
                file = os.open("first", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
                os.rename("first", "second")
                os.kill(int(sys.argv[1]), 9)
                os.fchmod(file, 0o640)
                os.ftruncate(file, 3)
                os.setxattr(file, "user.name", b"value")
                os.rename("second", "third")
                os.unlink("third")
                """
            for _ in 0..<8 {
                let server = try gateway.server
                try run("python3", ["-c", attempt, "\(server)"], workingDirectory: gateway.viewSandbox).requireSuccess()
                try await eventually("another server") { try gateway.server != gateway.pid && gateway.server != server }
                // One that ends at once is counted against the program.
                try await eventually("it serves") { exists(gateway.view + "/data") }
            }
        }
    }

    @Test func `what a server has refused its successor refuses, and goes on`() async throws {
        let prepare = { (source: String) in
            try makeDirectories(source + "/data/code-repo/.git")
            try writeFile(source + "/data/code-repo/.git/config", "text")
        }
        try await withGateway(Self.options(), prepare: prepare) { gateway in
            let path = gateway.viewCodeRepo + "/.git/config"
            #expect(FileCalls.open(path, O_WRONLY) == .notPermitted)
            for _ in 0..<2 {
                try await killServer(gateway)
                let server = try gateway.server
                #expect(FileCalls.open(path, O_WRONLY) == .notPermitted)
                #expect(try gateway.server == server)
            }
        }
    }

    @Test func `what is open stays open, and what was locked stays locked`() async throws {
        try await withGateway(Self.options()) { gateway in
            let path = gateway.viewSandbox + "/file"
            let file = try FileCalls.opened(path, O_RDWR | O_CREAT)
            let raw = file.rawValue
            try FileCalls.write(file, "before")
            #expect(pinfold_flock(raw) == 0)
            #expect(unsafe unlink(path) == 0)
            for round in 0..<3 {
                try await killServer(gateway)
                try FileCalls.write(file, "\(round)", at: Int64(6 + round))
            }
            #expect(try FileCalls.read(file, 9) == "before012")
            #expect(try file.status().links == 0)
        }
    }

    @Test func `a request that servers crash over is answered with an error, and the view lives on`() async throws {
        try await withGateway(Self.options()) { gateway in
            // A server makes a directory, and has a fault there: as many as are traced.
            let tracer = try ChildProcess(
                .init(
                    "strace",
                    [
                        "-f", "-q", "-o", "/dev/null", "-e", "trace=mkdirat", "-e", "inject=mkdirat:signal=SIGSEGV", "-p",
                        "\(gateway.pid)",
                    ]))
            try await eventually("the keeper is traced, and with it each server that it starts") {
                try readFile("/proc/\(gateway.pid)/status").contains("TracerPid:\t\(tracer.pid)\n")
            }
            try await killServer(gateway)
            let made = try run("mkdir", [gateway.viewSandbox + "/directory"])
            #expect(made.status == .exited(1) && made.errors.contains("Input/output error"), "\(made)")
            try tracer.signal(SIGKILL)
            _ = try tracer.wait()
            try await eventually("it is said") {
                try readFile(gateway.log).contains("a mkdir that several processes have ended over is answered with EIO")
            }
            #expect(try run("mkdir", [gateway.viewSandbox + "/another"]).status == .exited(0))
        }
    }

    @Test func `the mounts of the zones stay, and who stands in a directory stays there`() async throws {
        try await withGateway(Self.options()) { gateway in
            let before = try MountTable.read().entries(atOrBelow: gateway.view).map(\.id)
            let shell = try ChildProcess(
                .init(
                    "sh", ["-c", "mkdir deep && cd deep && echo ready > a && until [ -e go ]; do sleep 0.01; done; pwd > b"],
                    workingDirectory: gateway.viewSandbox))
            try await eventually("it stands there") { exists(gateway.sandbox + "/deep/a") }
            for _ in 0..<3 { try await killServer(gateway) }
            try writeFile(gateway.sandbox + "/deep/go", "")
            #expect(try shell.wait() == .exited(0))
            #expect(try readFile(gateway.sandbox + "/deep/b") == gateway.viewSandbox + "/deep\n")
            #expect(try MountTable.read().entries(atOrBelow: gateway.view).map(\.id) == before)
        }
    }

    @Test func `changes beside the view are seen after a server's end, those of that moment too`() async throws {
        let prepare = { (source: String) in for number in 0..<20 { try writeFile("\(source)/\(number)", "old") } }
        try await withGateway(Self.options(), prepare: prepare) { gateway in
            for round in 0..<4 {
                for number in 0..<20 { _ = try readFile("\(gateway.view)/\(number)") }
                let server = try gateway.server
                kill(server, SIGKILL)
                for number in 0..<20 { try writeFile("\(gateway.source)/\(number)", "round \(round)") }
                for number in 0..<20 {
                    try await eventually("file \(number)") { try readFile("\(gateway.view)/\(number)") == "round \(round)" }
                }
                try await eventually("another server") { try gateway.server != gateway.pid && gateway.server != server }
            }
        }
    }

    @Test func `a server has no more rights than the one before it`() async throws {
        try await withGateway(Self.options()) { gateway in
            let before = try threadRights(of: gateway.server)
            let limits = try readFile("/proc/\(gateway.server)/limits")
            try #require(before.count == 1)
            try await killServer(gateway)
            try await eventually("all threads are there") { try threadRights(of: gateway.server) == before }
            #expect(try readFile("/proc/\(gateway.server)/limits") == limits)
            for name in ["mnt", "net", "ipc", "uts", "pid", "user", "cgroup"] {
                let links = try [gateway.server, gateway.pid].map {
                    try run("readlink", ["/proc/\($0)/ns/\(name)"]).requireSuccess()
                }
                #expect(links[0] == links[1])
            }
        }
    }

    @Test func `descriptors do not gather`() async throws {
        try await withGateway(Self.options()) { gateway in
            func count() throws -> Int { try run("ls", ["/proc/\(gateway.pid)/fd"]).requireSuccess().split(separator: "\n").count }
            for _ in 0..<2 { try await killServer(gateway) }
            let before = try count()
            for _ in 0..<5 { try await killServer(gateway) }
            try await eventually("as many as before") { try count() <= before + 2 }
        }
    }

    @Test(arguments: [false, true]) func `the record goes on as one chain`(isDirect: Bool) async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell("mkdir -m 700 audit", workingDirectory: directory).requireSuccess()
            let more = ["--audit", directory + "/audit"] + (isDirect ? ["--sandbox-access", "direct"] : [])
            try await withGateway(in: directory, Self.options(more)) { gateway in
                func recorded() throws -> (names: Set<String>, lost: UInt64) {
                    var names: Set<String> = []
                    var lost: UInt64 = 0
                    var reader = try AuditReader(directory + "/audit")
                    try reader.read { line in
                        guard let record = AuditRecord(line: line) else { return }
                        if record.operation == "mkdir" { names.insert(record.path) }
                        if record.operation == "dropped" { lost += record.count ?? 0 }
                    }
                    return (names, lost)
                }
                for round in 0..<5 {
                    for number in 0..<10 { try gateway.asAgent("mkdir data/sandbox/\(round)-\(number)").requireSuccess() }
                    try await killServer(gateway)
                }
                // Each is told or counted: what waited to be written was lost with its process.
                try await eventually("all are accounted for") {
                    let (names, lost) = try recorded()
                    return names.count + Int(lost) >= 50
                }
                #expect(try recorded().names.count > 10)
            }
            // The chain from its first record to its last.
            let verification = try AuditReader.verify(directory + "/audit")
            #expect(verification.problem == nil && verification.records > 20, "\(verification)")
        }
    }

    @Test func `a keeper that is killed takes the view with it, and nobody hangs`() async throws {
        for both in [false, true] {
            try await withTemporaryDirectory { directory in
                try MountedGateway.makeDirectories(in: directory)
                let keeper = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
                let server = try #require(try servers(of: keeper.pid).first)
                if both { kill(server, SIGSTOP) }
                try keeper.signal(SIGKILL)
                if both { kill(server, SIGKILL) }
                _ = try keeper.wait()
                try await eventually("the server is gone") { kill(server, 0) != 0 }
                let said = try run("stat", [directory + "/view/data"], seconds: 20).errors
                #expect(said.contains("not connected") || said.contains("connection abort"), "\(said)")
                try run("umount", ["-l", directory + "/view"]).requireSuccess()
            }
        }
    }

    @Test func `servers that end as soon as they begin are not followed for ever`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let keeper = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
            while try !keeper.ends(withinMilliseconds: 1) { for server in try servers(of: keeper.pid) { kill(server, SIGKILL) } }
            #expect(try keeper.wait() == .exited(1))
            #expect(try readFile(directory + "/log").contains("the view is taken down: "))
            #expect(try MountTable.read().entries(atOrBelow: directory + "/view").isEmpty)
        }
    }

    @Test func `where it is left off a killed daemon's view ends as it always did`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let daemon = try startGateway(
                MountedGateway.arguments(directory, .init(without: ["survival"])), log: directory + "/log")
            #expect(try servers(of: daemon.pid).isEmpty)
            try daemon.signal(SIGKILL)
            _ = try daemon.wait()
            let said = try run("stat", [directory + "/view/data"], seconds: 20).errors
            #expect(said.contains("not connected") || said.contains("connection abort"), "\(said)")
            try run("umount", ["-l", directory + "/view"]).requireSuccess()
        }
    }
}
