import CLinux
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// What a server answers to the health check.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HTTPGetTests {
    /// Sends these bytes to whoever connects, once it has asked, and says its port in a file.
    private func withServer(_ answer: String, in root: String, _ body: (String) async throws -> Void) async throws {
        let script = """
            import os, socket, sys
            s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(20)
            open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1])); os.rename(sys.argv[1] + ".new", sys.argv[1])
            while True:
                c, _ = s.accept(); c.recv(4096)
                for piece in sys.argv[2].encode().decode("unicode_escape").split("|"):
                    c.sendall(piece.encode())
                c.close()
            """
        let place = root + "/port"
        let server = try ChildProcess(
            .init("/usr/bin/python3", ["-c", script, place, answer], environment: mergedEnvironment([:])))
        let outcome: Result<Void, any Error>
        do {
            try await eventually("the server listens") { exists(place) }
            outcome = .success(try await body("http://127.0.0.1:\(try readFile(place))/health"))
        } catch {
            outcome = .failure(error)
        }
        try server.signal(SIGKILL)
        _ = try server.wait()
        try outcome.get()
    }

    @Test(arguments: [
        (#"HTTP/1.1 200 OK\r\n\r\n"#, 200), (#"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n|HTTP/1.1 200 OK\r\n\r\nok"#, 200),
        (#"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n|HTTP/1.1 103 x\r\n|\r\n|HTTP/1.1 503 No\r\n\r\n"#, 503),
        (
            #"HTTP/1.1 103 Early Hints\r\nX-Pinfold-Commit: 1111111\r\n\r\nHTTP/1.1 204 No\r\nX-Pinfold-Commit: 2222222\r\n\r\n"#,
            204
        ),
        (#"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"#, 101),
    ])
    func `an interim answer is none`(_ bytes: String, _ status: Int) async throws {
        try await withTemporaryDirectory { root in
            try await withServer(bytes, in: root) { url in
                let answer = try #require(HTTPGet(url)).answer(withinMilliseconds: 10_000)
                #expect(answer.status == status)
                #expect(answer.commit == (status == 204 ? "2222222" : nil))
            }
        }
    }

    @Test(arguments: [
        #"HTTP/1.1 103 Early Hints\r\n\r\n"#, #"HTTP/1.1 2000 OK\r\n\r\n"#, #"HTTP/1.1 20\r\n\r\n"#, #"HTTP/1.1 200 OK\r\nLink: x"#,
        #"SSH-2.0\r\n\r\n"#,
    ])
    func `what never comes to an answer is none`(_ bytes: String) async throws {
        try await withTemporaryDirectory { root in
            try await withServer(bytes, in: root) { url in
                let request = try #require(HTTPGet(url))
                #expect(throws: HealthProblem.self) { try request.answer(withinMilliseconds: 10_000) }
            }
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
