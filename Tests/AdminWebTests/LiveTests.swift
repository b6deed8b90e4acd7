import AdminWeb
import LinuxSystem
import TestSupport
import Testing

/// The page's own program on its own listener, spoken to as browsers, strangers and the agent do.
@Suite(.serialized, .timeLimit(.minutes(10))) struct LiveTests {
    /// Says one request in Python, which says it as it is told to, and answers the status, the headers and the body.
    private func ask(
        _ link: String, _ method: String = "GET", _ path: String = "/", headers: [String: String] = [:], body: String = "",
        address: String = "127.0.0.1",
        as uid: UInt32? = nil
    ) throws -> Finished {
        let place = try Place(link)
        var all = ["Host": place.host]
        all.merge(headers) { $1 }
        let script = """
            import http.client, sys
            c = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=60)
            c.putrequest(sys.argv[3], sys.argv[4], skip_host=True, skip_accept_encoding=True)
            for pair in sys.argv[6:]:
                name, _, value = pair.partition("=")
                c.putheader(name, value)
            c.putheader("Content-Length", str(len(sys.argv[5])))
            c.endheaders(sys.argv[5].encode())
            r = c.getresponse()
            print(r.status)
            for name, value in r.getheaders(): print(name.lower() + ": " + value)
            print()
            print(r.read().decode())
            """
        return try run(
            "/usr/bin/python3", ["-c", script, address, place.port, method, path, body] + all.map { "\($0)=\($1)" },
            workingDirectory: "/",
            user: uid.map { ($0, $0) }, seconds: 100)
    }

    @Test func `without a daemon it says so in one line for people, and ends with 4`() throws {
        try withTemporaryDirectory { directory in
            let socket = directory + "/review.sock"
            let ended = try run(Executables.web, ["--socket", socket, "--agent-user-id", "\(agentID)"], seconds: 30)
            #expect(ended.status == .exited(4), "\(ended)")
            #expect(ended.output.isEmpty && ended.errors.split(separator: "\n").count == 1, "\(ended)")
            #expect(
                ended.errors.hasPrefix("pinfold-web: the deploy daemon cannot be reached at \(socket): there is no socket"),
                "\(ended)")
        }
    }

    private struct Place {
        let host: String
        let port: String
        let token: String

        init(_ link: String) throws {
            let parts = link.split(separator: "/")
            guard parts.count == 3, let colon = parts[1].lastIndex(of: ":") else { throw TestFailure("no link: \(link)") }
            host = String(parts[1])
            port = String(parts[1][parts[1].index(after: colon)...])
            token = String(parts[2].dropFirst())
        }
    }

    private func signIn(_ link: String) throws -> String {
        let place = try Place(link)
        let answer = try ask(
            link, "POST", "/session", headers: ["Origin": "http://\(place.host)", "Sec-Fetch-Site": "same-origin"],
            body: "token=\(place.token)")
        guard answer.output.hasPrefix("303"), let start = answer.output.firstRange(of: "set-cookie: ")?.upperBound else {
            throw TestFailure("the link does not open: \(answer)")
        }
        let cookie = answer.output[start...].prefix { $0 != "\n" }
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Domain"))
        return String(cookie.prefix { $0 != ";" })
    }

    @Test func `the link opens every page once, and nobody reads without it`() async throws {
        try await serving { link, _, _ in
            #expect(try ask(link).output.hasPrefix("401"))
            let cookie = try signIn(link)
            for path in [
                "/", "/deployments", "/deployments/7", "/deployments/7/review", "/deployments/7/review?split=1",
                "/deployments/7/changes/1",
                "/deployments/7/log", "/version", "/stops", "/audit", "/audit?all=1", "/deployments?state=failed&before=9",
                "/deployments/7/rollback", "/deployments/7/review?space=0&against=approved", "/deployments/7/changes/1?against=3",
                "/people",
            ] {
                let page = try ask(link, "GET", path, headers: ["Cookie": cookie])
                #expect(page.output.hasPrefix("200"), "\(path): \(page)")
                #expect(
                    !page.output.contains("<script>") && page.output.contains("content-security-policy: default-src 'none'"),
                    "\(path)")
                #expect(
                    page.output.contains("referrer-policy: no-referrer") && page.output.contains("cache-control: no-store"),
                    "\(path)")
                #expect(try ask(link, "GET", path).output.hasPrefix("401"), "\(path)")
            }
            for path in ["/deployments/8", "/deployments/x", "/nonsense", "/deployments/7/changes/9"] {
                #expect(try ask(link, "GET", path, headers: ["Cookie": cookie]).output.hasPrefix("404"), "\(path)")
            }
            let place = try Place(link)
            let again = try ask(link, "POST", "/session", headers: ["Origin": "http://\(place.host)"], body: "token=\(place.token)")
            #expect(again.output.hasPrefix("403") && again.output.contains("has been used"))
        }
    }

    @Test func `what was shown before it was classified is not shown as what was compared afterwards`() async throws {
        try await serving { link, _, service in
            let cookie = try signIn(link)
            service.state.isClassified.withLock { $0 = false }
            #expect(try ask(link, "GET", "/deployments/7/review", headers: ["Cookie": cookie]).output.contains("first.py"))
            service.state.isClassified.withLock { $0 = true }
            let later = try ask(link, "GET", "/deployments/7/review", headers: ["Cookie": cookie]).output
            #expect(!later.contains("first.py") && later.contains("conftest.py"))
        }
    }

    @Test func `it is root no more, and has no file but the daemon's socket and what /proc shows`() async throws {
        try await serving { link, web, _ in
            let cookie = try signIn(link)
            #expect(try ask(link, headers: ["Cookie": cookie]).output.hasPrefix("200"))
            for task in try #require(listing("/proc/\(web.pid)/task")) {
                // One that has ended since is nobody's.
                guard let status = try? readFile("/proc/\(web.pid)/task/\(task)/status") else { continue }
                for line in [
                    "Uid:\t65530\t65530\t65530\t65530\n", "Gid:\t65530\t65530\t65530\t65530\n", "Groups:\t \n",
                    "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                    "CapBnd:\t0000000000000000",
                    "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
                ] { #expect(status.contains(line), "\(task): \(line)") }
            }
            #expect(listing("/proc/\(web.pid)/root") == ["proc", "review"])
            #expect(listing("/proc/\(web.pid)/root/review") == ["review.sock"])
            let mounts = try readFile("/proc/\(web.pid)/mounts").split(separator: "\n")
            #expect(mounts.count >= 3 && mounts.allSatisfy { $0.contains(" ro,") }, "\(mounts)")
        }
    }

    /// The names in a directory, in order; nil where it cannot be read.
    private func listing(_ path: String) -> [String]? {
        let listed = try? run("/bin/ls", ["-A", path], workingDirectory: "/")
        guard let listed, listed.status.isSuccess else { return nil }
        return listed.output.split(separator: "\n").map(String.init)
    }

    @Test func `another name, another page and the agent get nothing, whatever they know`() async throws {
        try await serving { link, _, _ in
            let cookie = try signIn(link)
            let place = try Place(link)
            let refused: [[String: String]] = [
                ["Host": "127.0.0.1:\(place.port)"], ["Host": "localhost:\(place.port)"], ["Host": "evil.example:\(place.port)"],
                ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"],
            ]
            for headers in refused {
                let answer = try ask(link, headers: headers.merging(["Cookie": cookie]) { $1 })
                #expect(answer.output.hasPrefix("403"), "\(headers): \(answer)")
            }
            let forged = try ask(
                link, "POST", "/session/end",
                headers: ["Cookie": cookie, "Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "cross-site"])
            #expect(forged.output.hasPrefix("403"))
            let agent = try ask(link, headers: ["Cookie": cookie], as: agentID)
            #expect(agent.output.hasPrefix("403") && agent.output.contains("the agent does not get to see this page"), "\(agent)")
            #expect(try ask(link, headers: ["Cookie": cookie], as: agentID + 1).output.hasPrefix("200"))
            #expect(try ask(link, headers: ["Cookie": cookie]).output.hasPrefix("200"))
        }
    }

    /// Holds connections as users do that want nobody else to come in, and then asks as root. A line of what each was told, and how often.
    private static let crowd = """
        import collections, http.client, os, signal, socket, sys
        port, host = int(sys.argv[1]), sys.argv[2]
        def told(line):
            try:
                return line.recv(12)[9:].decode() or "closed"
            except OSError as error:
                return type(error).__name__
        crowd = []
        for uid in map(int, sys.argv[3:]):
            done, says = os.pipe()
            crowd.append(os.fork())
            if not crowd[-1]:
                os.setgid(uid), os.setuid(uid)
                lines = []
                for _ in range(300):
                    lines.append(socket.create_connection(("127.0.0.1", port), timeout=60))
                    try:
                        lines[-1].sendall(("GET / HTTP/1.1\\r\\nHost: " + host + "\\r\\n\\r\\n").encode())
                    except OSError:
                        pass
                # As many as there are places at most are told anything where accepting stops.
                words = collections.Counter(told(line) for line in lines[:200])
                print(uid, *sorted(words.items()), flush=True)
                os.write(says, b"x")
                signal.pause()
            os.close(says)
            os.read(done, 1)
        try:
            page = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            page.request("GET", "/", headers={"Host": host})
            print("root", page.getresponse().status)
        finally:
            for child in crowd:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        """

    @Test func `however many connections the agent and another user hold, the admin's browser gets in`() async throws {
        try await serving { link, _, _ in
            let place = try Place(link)
            let answer = try run(
                "/usr/bin/python3",
                ["-c", Self.crowd, place.port, place.host, "\(agentID)", "\(agentID + 1)", "\(agentID + 2)"],
                workingDirectory: "/", seconds: 200)
            let lines = answer.output.split(separator: "\n")
            #expect(lines.contains("\(agentID) ('403', 200)"), "\(answer)")
            #expect(lines.contains("\(agentID + 1) ('401', 200)"), "\(answer)")
            // As many as the first left; some more where the first was so slow that its first connections had been silent for too long.
            let third = try #require(lines.first { $0.hasPrefix("\(agentID + 2) ") })
            let counts = third.matches(of: /'(\d+)', (\d+)/).compactMap { match in Int(match.2).map { (match.1, $0) } }
            #expect(counts.first { $0.0 == "401" }.map { 128...199 ~= $0.1 } == true && third.contains("'429'"), "\(answer)")
            #expect(lines.last == "root 401", "\(answer)")
        }
    }

    @Test func `nobody else can listen on the other address of the same name`() async throws {
        try await serving { link, _, _ in
            let port = try Place(link).port
            let script = "import socket, sys; s = socket.socket(socket.AF_INET6); s.bind(('::1', int(sys.argv[1])))"
            let answer = try run("/usr/bin/python3", ["-c", script, port], workingDirectory: "/", user: (agentID, agentID))
            // Where there is no such address, nobody can listen there either.
            let words = ["Address already in use", "Cannot assign requested address", "Address family not supported"]
            #expect(words.contains { answer.errors.contains($0) }, "\(answer)")
        }
    }

    @Test func `a session that is ended ends the program, and one that nobody opens fails`() async throws {
        try await serving { link, web, _ in
            let cookie = try signIn(link)
            let place = try Place(link)
            let answer = try ask(link, "POST", "/session/end", headers: ["Cookie": cookie, "Origin": "http://\(place.host)"])
            #expect(answer.output.hasPrefix("200") && answer.output.contains("The session has ended"))
            let hasEnded = try web.ends(withinMilliseconds: 30_000)
            #expect(hasEnded)
        }
        try await serving(linkSeconds: 1) { _, web, _ in
            let hasEnded = try web.ends(withinMilliseconds: 30_000)
            #expect(hasEnded)
        }
    }
}
