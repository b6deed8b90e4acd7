import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A process that wants a view and does not get it leaves that as it is, at whichever point it ends.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HandoverRefusalTests {
    /// Until when one goes that ends without a word, or with one.
    private static let points = ["connected", "asked", "took", "took all", "refused before", "refused after"]
    /// A process that wants a keeper's place, as far as it goes: what has everything is killed when it is none.
    private static let candidate = """
        import socket, sys, time
        entrance, point = sys.argv[1:]
        keeper = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        keeper.connect(entrance)
        def say(*words): keeper.send(b"".join(word.encode() + b"\\0" for word in words))
        def hear():
            word = socket.recv_fds(keeper, 1 << 18, 253)[0].split(b"\\0")[0]
            assert word not in (b"", b"no"), word
            return word
        if point == "connected": sys.exit()
        say("ask", "1")
        assert hear() == b"running"
        if point == "asked": sys.exit()
        if point == "refused before": sys.exit(say("no", "I do not like it"))
        say("take")
        if point == "took": sys.exit()
        while hear() != b"complete": pass
        if point == "took all": sys.exit()
        if point == "refused after": say("no", "I do not like it")
        time.sleep(100)
        """

    private func go(to point: String, _ entrance: String) throws -> LinuxSystem.ExitStatus {
        try run("python3", ["-c", Self.candidate, entrance, point]).status
    }

    @Test func `at no point does the end of the new one end the view, and fifty of them leave nothing behind`() async throws {
        try await ReplacedGateway.with(.init(killsServers: true)) { replaced in
            let path = replaced.directory + "/view/data/sandbox/file"
            let file = try FileCalls.opened(path, O_RDWR | O_CREAT)
            func count() throws -> Int {
                try run("ls", ["/proc/\(replaced.gateway.pid)/fd"]).requireSuccess().split(separator: "\n").count
            }
            var before = 0
            for round in 0..<50 {
                if round == 6 { before = try count() }
                let point = Self.points[round % Self.points.count]
                // What has everything is killed when it is none, unless it has ended already.
                let ended = try go(to: point, replaced.entrance)
                #expect(ended == .signaled(SIGKILL) || ended == .exited(0) && point != "refused after", "\(point): \(ended)")
                try FileCalls.write(file, "\(round % 10)", at: Int64(round))
                #expect(try readFile(path).utf8.count == round + 1)
            }
            try await eventually("as many as before", within: 10) { try count() <= before + 2 }
            // And it can be had still.
            try replaced.replace()
            #expect(try readFile(path).utf8.count == 50)
        }
    }

    @Test func `a new process that has everything and is killed leaves the view to the one before, with the files that are open`()
        async throws
    {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell("mkdir -m 700 audit", workingDirectory: directory).requireSuccess()
            let options = MountedGateway.Options(more: ["--audit", directory + "/audit"], killsServers: true)
            try await ReplacedGateway.over(directory, options) { replaced in
                let file = try FileCalls.opened(directory + "/view/data/sandbox/file", O_RDWR | O_CREAT)
                let next = try await beginAndKill(replaced)
                try FileCalls.write(file, "still", at: 0)
                #expect(exists(directory + "/view/data"))
                try await eventually("it is said") {
                    replaced.log.contains("process \(next) has not taken the view over: it has ended; this one goes on with it")
                }
                try replaced.replace()
                #expect(try FileCalls.read(file, 5) == "still")
            }
        }
    }

    /// Starts one, and kills it when it has a server. Where the machine is so busy that the keeper has had enough of it before, another.
    private func beginAndKill(_ replaced: ReplacedGateway) async throws -> Int32 {
        let path = replaced.directory + "/audit/lock"
        for _ in 0..<5 {
            // Its server waits for the record's lock before it stands ready; its guard has all connections by then.
            let lock = Descriptor(owning: try check { unsafe pinfold_open(path, O_RDWR | O_CLOEXEC, 0) })
            let raw = lock.rawValue
            try await eventually("the record is at rest") { pinfold_flock(raw) == 0 }
            let next = try replaced.begin()
            var (hasServer, hasEnded, status) = (false, false, Int32(0))
            try await eventually("it has a server, or has ended") {
                hasServer = try !run("pgrep", ["-P", "\(next)", "-x", "pinfold-server"]).output.isEmpty
                hasEnded = unsafe waitpid(next, &status, WNOHANG) == next
                return hasServer || hasEnded
            }
            if hasEnded { continue }
            kill(next, SIGKILL)
            #expect(try ReplacedGateway.end(of: next) == .signaled(SIGKILL))
            if replaced.log.contains("process \(next) has not taken the view over: it is not ready in time") { continue }
            return next
        }
        throw TestFailure("none had a server: \(replaced.log)")
    }

    @Test func `one that says nothing for too long is ended, and what was wrong is said`() async throws {
        try await ReplacedGateway.with(.init(killsServers: true)) { replaced in
            let ended = try go(to: "silence", replaced.entrance)
            #expect(ended == .signaled(SIGKILL))
            #expect(exists(replaced.directory + "/view/data"))
            // A look at the view may be answered without a server.
            try await eventually("it is said") {
                replaced.log.contains("has not taken the view over: it is not ready in time; this one goes on with it")
            }
        }
    }

    @Test func `of two at once one is told that the other is there`() async throws {
        try await ReplacedGateway.with { replaced in
            let candidate = try Candidate(replaced.entrance)
            try candidate.say("ask", "1")
            #expect(try candidate.hear().first == "running")
            let refused = try replaced.refused()
            #expect(refused.status == .exited(1))
            #expect(
                refused.errors
                    == "pinfold-mount: the view is left as it is: process \(getpid()) is taking the view over just now\n")
            _ = consume candidate
            try replaced.replace()
        }
    }

    @Test func `other settings and a state of a format that nobody knows are refused before anything changes`() async throws {
        try await ReplacedGateway.with { replaced in
            let server = try replaced.gateway.server
            let other = try replaced.refused(.init(without: ["read-ahead"]))
            #expect(other.status == .exited(2) && other.errors.contains("'pinfold umount' and 'pinfold mount'"), "\(other)")

            let memory = try #require(
                try run("find", ["/proc/\(replaced.gateway.pid)/fd", "-lname", "*pinfold-state*"]).output.split(separator: "\n")
                    .first)
            let state = Descriptor(owning: try check { unsafe pinfold_open(String(memory), O_RDWR | O_CLOEXEC, 0) })
            let raw = state.rawValue
            var (format, unknown): (UInt64, UInt64) = (0, 4711)
            try #require(unsafe pread(raw, &format, 8, 8) == 8 && pwrite(raw, &unknown, 8, 8) == 8)
            let refused = try replaced.refused()
            #expect(refused.status == .exited(2))
            #expect(refused.errors.contains("it is of format 4711, and this program knows format \(format)"), "\(refused)")
            try #require(unsafe pwrite(raw, &format, 8, 8) == 8)
            #expect(try replaced.gateway.server == server)
            try replaced.replace()
        }
    }

    @Test func `a view that ends with its process is not handed on, and that is said`() async throws {
        try await withGateway(.init(without: ["survival"])) { gateway in
            let refused = try run(Executables.mount, MountedGateway.arguments(gateway.directory) + ["--replace"])
            #expect(refused.status == .exited(2) && refused.errors.contains("cannot be handed on"), "\(refused)")
        }
    }
}
