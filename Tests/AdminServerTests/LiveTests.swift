import AdminClient
import AdminInterface
import AdminServer
import CLinux
import DeployModel
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// The server on its sockets, with real credentials.
@Suite(.timeLimit(.minutes(10))) struct LiveTests {
    private let service = FakeService(Samples.deployment(3, .deployed), Samples.deployment(8, .deployed))

    @Test func `both sockets answer, and are gone when the server has stopped`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                let fromAdmin: StatusDocument = try await onThread { try live.admin.ask(.status) }
                let fromAgent: StatusDocument = try await onThread { try live.agent.ask(.status) }
                #expect(fromAdmin == Samples.emptyStatus)
                #expect(fromAgent == Samples.emptyStatus)
                #expect(status(directory + "/deployments/admin").map { $0.st_mode & 0o777 } == 0o700)
                #expect(status(directory + "/deployments/agent").map { $0.st_mode & 0o777 } == 0o755)
                let socket = try #require(status(live.agentSocket))
                #expect(socket.st_mode & 0o777 == 0o660)
                #expect(socket.st_gid == agentID)
            }
            #expect(!exists(live.adminSocket))
            #expect(!exists(live.agentSocket))
        }
    }

    @Test func `an answer over a socket is whole HTTP, one after the other on a connection`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                let connection = try RawConnection(live.adminSocket)
                try connection.send("GET /nothing HTTP/1.1\r\nHost: p\r\n\r\n")
                try connection.send("GET /status HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")
                let text = String(decoding: try await onThread { connection.readToEnd() }, as: UTF8.self)
                let answers = text.split(separator: "HTTP/1.1 ").map {
                    $0.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
                }
                #expect(answers.map { $0[0].prefix(3) } == ["404", "200"], "\(text)")
                for answer in answers {
                    try #require(answer.count == 2, "\(text)")
                    let fields = answer[0].split(separator: "\r\n").dropFirst().map { $0.lowercased() }
                    #expect(fields.contains("content-length: \(answer[1].utf8.count)"), "\(text)")
                    let date = /date: (mon|tue|wed|thu|fri|sat|sun), \d\d [a-z]{3} \d{4} \d\d:\d\d:\d\d gmt/
                    #expect(fields.count { $0.wholeMatch(of: date) != nil } == 1, "\(text)")
                }
            }
        }
    }

    @Test func `the agent's user is kept from the admin's socket by its directory, and by the kernel's word behind that`()
        async throws
    {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                let closed = try await onThread {
                    try run("ls", [live.adminSocket], workingDirectory: "/", user: (agentID, agentID))
                }
                #expect(!closed.status.isSuccess)
                // Somebody opens what should be closed.
                unsafe chmod(directory + "/deployments/admin", 0o755)
                unsafe chmod(live.adminSocket, 0o666)
                let refused = try await live.pinfold("status", as: agentID)
                #expect(refused.status == .exited(1), "\(refused)")
                #expect(refused.errors.contains("uid \(agentID) may not use the admin's socket"), "\(refused)")
                #expect(service.calls.isEmpty)
                #expect(service.events.count == 1)
            }
        }
    }

    @Test func `a stranger is refused at the agent's socket even where its mode lets everybody in`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                let stranger: UInt32 = agentID + 1
                let kept = try await live.pinfold("status", as: stranger)
                #expect(kept.status == .exited(4), "\(kept)")
                #expect(kept.errors.contains("may not connect"), "\(kept)")
                unsafe chmod(live.agentSocket, 0o666)
                let refused = try await live.pinfold("status", as: stranger)
                #expect(refused.status == .exited(1), "\(refused)")
                #expect(refused.errors.contains("may not use the agent's socket"), "\(refused)")
            }
        }
    }

    @Test func `a dead daemon's sockets are replaced`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            for path in [live.adminSocket, live.agentSocket] {
                try makeDirectories(String(path[..<path.lastIndex(of: "/").unsafelyPresent]))
                // Bound and never listened on again: what a killed daemon leaves.
                try run("python3", ["-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path])
                    .requireSuccess()
            }
            #expect(throws: AdminClientError.self) { let _: StatusDocument = try live.admin.ask(.status) }
            try await live.serving(service) {
                let answer: StatusDocument = try await onThread { try live.admin.ask(.status) }
                #expect(answer.branch == "main")
            }
        }
    }

    @Test func `a living daemon's sockets are left alone`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                await #expect(throws: AdminServerError.self) { try await live.serving(FakeService()) {} }
                let answer: StatusDocument = try await onThread { try live.admin.ask(.status) }
                #expect(answer.branch == "main")
            }
        }
    }

    @Test func `what is no socket is not removed`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try makeDirectories(directory + "/deployments/agent")
            try writeFile(live.agentSocket, "precious")
            await #expect(throws: AdminServerError.self) { try await live.serving(service) {} }
            #expect(try readFile(live.agentSocket) == "precious")
        }
    }

    @Test func `a directory of somebody else's is not used`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try makeDirectories(directory + "/deployments/admin")
            try #require(unsafe chown(directory + "/deployments/admin", agentID, agentID) == 0)
            await #expect(throws: AdminServerError.self) { try await live.serving(service) {} }
            try run("rm", ["-rf", directory + "/deployments/admin"]).requireSuccess()
            try run("ln", ["-s", "/var/tmp", directory + "/deployments/admin"]).requireSuccess()
            await #expect(throws: AdminServerError.self) { try await live.serving(service) {} }
        }
    }

    @Test func `a data root deeper than a socket address is long works`() async throws {
        try await withTemporaryDirectory { directory in
            let deep = directory + "/" + Array(repeating: String(repeating: "d", count: 60), count: 4).joined(separator: "/")
            let live = try LiveServer(dataRoot: deep)
            try await live.serving(service) {
                let answer: StatusDocument = try await onThread { try live.admin.ask(.status) }
                #expect(answer.branch == "main")
            }
            #expect(!exists(live.adminSocket))
        }
    }

    @Test func `a data root of any length is served, up to what a socket address holds and beyond`() async throws {
        try await withTemporaryDirectory { directory in
            // The longer of the two: 100 to 110 bytes.
            let rest = "/deployments/agent/deploy.sock".utf8.count
            for length in 100...110 {
                let live = try LiveServer(
                    dataRoot: directory + "/" + String(repeating: "d", count: length - rest - directory.utf8.count - 1))
                try #require(live.agentSocket.utf8.count == length)
                try await live.serving(service) {
                    for client in [live.admin, live.agent] {
                        let answer: StatusDocument = try await onThread { try client.ask(.status) }
                        #expect(answer.branch == "main", "\(length)")
                    }
                }
                #expect(!exists(live.adminSocket) && !exists(live.agentSocket))
            }
        }
    }

    @Test func `slow and silent clients hold nobody up and are let go of`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service, patience: 2) {
                var slow: [RawConnection] = []
                for piece in ["", "GET /status HT", "POST /deploy HTTP/1.1\r\nHost: p\r\nContent-Length: 100\r\n\r\n{"] {
                    let connection = try RawConnection(live.agentSocket)
                    try connection.send(piece)
                    slow.append(connection)
                }
                let answer: StatusDocument = try await onThread { try live.agent.ask(.status) }
                #expect(answer.branch == "main")
                for connection in slow { _ = try await onThread { connection.readToEnd() } }
            }
        }
    }

    @Test func `connections beyond the limit wait their turn, and the admin's socket does not notice`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service, connections: 4) {
                var held: [RawConnection]? = try (0..<8).map { _ in try RawConnection(live.agentSocket) }
                let answer: StatusDocument = try await onThread { try live.admin.ask(.status) }
                #expect(answer.branch == "main")
                #expect(held?.count == 8)
                held = nil
                let later: StatusDocument = try await onThread { try live.agent.ask(.status) }
                #expect(later.branch == "main")
            }
        }
    }

    @Test func `the server stops although clients wait, stall or do not read`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            service.change { $0.change = [UInt8](repeating: 0x2B, count: 20 << 20) }
            try await live.serving(service) {
                let waiting = try RawConnection(live.adminSocket)
                try waiting.send("GET /status?after=999&wait=30 HTTP/1.1\r\nHost: p\r\n\r\n")
                let stalled = try RawConnection(live.adminSocket)
                try stalled.send("POST /hold HTTP/1.1\r\nHost: p\r\nContent-Length: 100\r\n\r\n{")
                let deaf = try RawConnection(live.adminSocket)
                try deaf.send("GET /deployments/3/diff HTTP/1.1\r\nHost: p\r\n\r\n")
                // The first bytes show that its answer is under way.
                _ = try await onThread { try deaf.read(10) }
            }
            // Coming here at all is what is shown: the deaf client would have held the server for ever.
        }
    }

    @Test func `whoever waits when the daemon stops hears of it, and ends with 4`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            let waiting = try await live.serving(service) {
                let waiting = Task {
                    try await onThread { () -> Int32 in
                        do {
                            let query = [(name: Query.after, value: "999"), (name: Query.wait, value: "30")]
                            let _: StatusDocument = try live.admin.ask(.status, query: query)
                            return 0
                        } catch let error as AdminClientError {
                            return error.exitCode
                        }
                    }
                }
                try await eventually("it waits") { service.state.withLock { $0.waits } > 0 }
                return waiting
            }
            // Its answer may have been on the way.
            let code = try await waiting.value
            #expect(code == 4 || code == 0)
            #expect { let _: StatusDocument = try live.admin.ask(.status) } throws: { ($0 as? AdminClientError)?.exitCode == 4 }
        }
    }
}
