import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct ServedCommitTests {
    private let deployed = CommitID("0123456789abcdef0123456789abcdef01234567")

    @Test(arguments: ["0123456789abcdef0123456789abcdef01234567", "0123456", "0123456789AB"])
    func `a server may say its commit whole or by its first seven digits`(_ text: String) throws {
        let deployed = try #require(deployed)
        #expect(ServedCommit(text).objection(to: deployed, says: "it") == nil)
    }

    @Test(arguments: ["", "012345", "0123457", "0123456789abcdef0123456789abcdef012345678", "server", "\u{1B}[2J"])
    func `anything else is another commit`(_ text: String) throws {
        let deployed = try #require(deployed)
        let objection = try #require(ServedCommit(text).objection(to: deployed, says: "it"))
        #expect(objection.contains("not 0123456789ab"))
        #expect(!objection.contains("\u{1B}"))
    }

    @Test func `a health command names it in a line of its own`() {
        #expect(ServedCommit.named(in: "checking\ncommit: 0123456 \nwell\n") == "0123456")
        #expect(ServedCommit.named(in: "the commit: 0123456\n") == nil)
    }

    @Test func `a server that goes on serving the old version is not taken for the new one`() async throws {
        try await configured { farm in
            // The reload does nothing once this file is there.
            farm.settings.reload.command = "test -e '\(farm.root)/stuck' || echo $PINFOLD_COMMIT > '\(farm.root)/served'"
            farm.settings.health.command = "echo \"commit: $(cat '\(farm.root)/served')\""
        }.run { farm, service in
            let good = try farm.commit(["a": "1"])
            let one = try await service.deployed(good)
            #expect(one.steps.last?.note == "healthy, and serves this commit")
            try writeFile(farm.root + "/stuck", "")
            let outcome = try await service.outcome(of: farm.commit(["a": "2"]))
            #expect(outcome.state == .rolledBack)
            #expect(outcome.reason?.contains("serves commit \(good.hex), not \(outcome.commit.short)") == true)
        }
    }

    @Test func `the health URL's answer says it in a field`() async throws {
        try await withTemporaryDirectory { root in
            let program = """
                import http.server, sys
                class Handler(http.server.BaseHTTPRequestHandler):
                    def do_GET(self):
                        self.send_response(204)
                        if self.path == "/commit": self.send_header("x-pinfold-COMMIT", "0123456789ab")
                        self.end_headers()
                    def log_message(self, *arguments): pass
                server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
                open(sys.argv[1] + ".new", "w").write(str(server.server_port))
                import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
                server.serve_forever()
                """
            let server = try ChildProcess(.init("python3", ["-c", program, root + "/port"]))
            try await eventually("the server listens") { exists(root + "/port") }
            let place = "http://127.0.0.1:\(try readFile(root + "/port"))"
            let said = try #require(HTTPGet(place + "/commit")).answer(withinMilliseconds: 5000)
            #expect(said.status == 204)
            #expect(said.commit == "0123456789ab")
            let silent = try #require(HTTPGet(place + "/other")).answer(withinMilliseconds: 5000)
            #expect(silent.commit == nil)
            try server.signal(15)
            _ = try server.wait()
        }
    }
}
