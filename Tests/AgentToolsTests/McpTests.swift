import CLinux
import Foundation
import LinuxSystem
import TestSupport
import Testing

/// `pinfold mcp` with the client of PyPI inside the view, in both eras and over both transports.
@Suite(.serialized, .timeLimit(.minutes(10))) struct McpTests {
    private static let tools: Set<String> = [
        "deploy_agent_code", "deployment_status", "show_deployment", "deployment_log", "explain_path", "workspace_info",
    ]
    private static let fields: Set<String> = [
        "success", "commit_hash", "tests_passed", "human_approval_required", "deployed", "backup_location",
    ]

    private static func calls(_ place: AgentPlace, _ message: String) -> [String] {
        [
            "deploy_agent_code,{\"commit_message\": \"\(message)\"}", "deployment_status,{}", "show_deployment,{\"id\": 1}",
            "deployment_log,{\"id\": 1}", "explain_path,{\"path\": \"\(place.data)/models\", \"write\": true}", "workspace_info,{}",
            "deploy_agent_code,{\"commit_message\": \"again\", \"force_deploy\": true}", "show_deployment,{\"id\": \"1\"}",
            "deployment_status,{\"odd\": 1}",
        ]
    }

    /// What each of the calls above has to answer.
    private static func judge(_ told: [String: Any], version: String, passed: Bool) throws {
        #expect(told["version"] as? String == version)
        let tools = try #require(told["tools"] as? [String: [String: Any]])
        #expect(Set(tools.keys) == Self.tools)
        let schema = try #require(tools["deploy_agent_code"])
        #expect(Set((schema["properties"] as? [String: Any] ?? [:]).keys) == fields)
        #expect(Set(schema["required"] as? [String] ?? []) == fields)
        let calls = try #require(told["calls"] as? [[String: Any]])
        func structured(_ index: Int) throws -> [String: Any] {
            try #require(calls[index]["structured"] as? [String: Any], "\(calls[index])")
        }
        func text(_ index: Int) -> String { calls[index]["text"] as? String ?? "" }
        #expect(calls.map { $0["error"] as? Bool } == [false, false, false, false, false, false, true, true, true])
        let output = try structured(0)
        #expect(Set(output.keys) == fields)
        #expect(output["deployed"] as? Bool == passed && output["tests_passed"] as? Bool == passed, "\(text(0))")
        #expect(text(0).contains("the sum is wrong") == !passed, "\(text(0))")
        #expect(try structured(1)["branch"] as? String == "main")
        #expect(try structured(2)["id"] as? Int == 1)
        #expect(try structured(3)["complete"] as? Bool == true)
        #expect(text(4).contains("read-only") && text(4).contains("EROFS"), "\(text(4))")
        #expect(try structured(5)["test_command"] as? String == "sh check")
        #expect(text(6).contains("admin's alone"), "\(text(6))")
        #expect(text(7).contains("number"), "\(text(7))")
        #expect(text(8).contains("odd"), "\(text(8))")
        let progress = try #require(told["progress"] as? [[Any]])
        #expect(!progress.isEmpty)
    }

    @Test(arguments: [("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28"), ("auto", "2026-07-28")])
    func `its tools are called over standard streams`(mode: String, version: String) throws {
        try AgentPlace.with { place in
            try place.agent("echo 2 > version")
            let told = try place.python("client.py", [mode, "stdio", place.pinfold, place.data] + Self.calls(place, "Second"))
            try Self.judge(told, version: version, passed: true)
            #expect(try readFile(place.current + "/version") == "2\n")
        }
    }

    /// Runs a script inside beside a server that listens there: `$url` and `$token` say where, and with what.
    private func listening(_ place: AgentPlace, _ script: String) throws -> String {
        try place.inside(
            [
                "bash", "-euc",
                """
                token=$HOME/token; (umask 077; head -c 32 /dev/urandom | base64 > $token)
                '\(place.pinfold)' mcp --listen 127.0.0.1:0 --token-file $token 2> $HOME/said & server=$!
                trap 'kill $server' EXIT
                for i in $(seq 600); do
                    url=$(sed -n 's/.*listening at //p' $HOME/said); [ -z "$url" ] || break
                    kill -0 $server; sleep 0.1
                done
                \(script)
                """,
            ], variables: ["PYTHONPATH": "/usr/local/lib/pinfold-tests"]
        ).requireSuccess()
    }

    @Test(arguments: [("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")])
    func `its tools are called over HTTP, and a deployment that fails says what failed`(mode: String, version: String) throws {
        try AgentPlace.with { place in
            try place.agent("echo 2 > version; touch broken")
            let file = place.root + "/client.py"
            try writeFile(file, try readFile(sources + "/Tests/AgentToolsTests/Scripts/client.py"))
            let words = Self.calls(place, "Second").map { "'\($0)'" }.joined(separator: " ")
            let output = try listening(place, "/usr/bin/python3 -B '\(file)' \(mode) http \"$url\" $token \(words)")
            let told = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
            try Self.judge(told, version: version, passed: false)
        }
    }

    @Test func `what HTTP carries is checked before it is a message`() throws {
        try AgentPlace.with { place in
            let file = place.root + "/wrong.py"
            try writeFile(file, try readFile(sources + "/Tests/AgentToolsTests/Scripts/wrong.py"))
            let output = try listening(place, "/usr/bin/python3 -B '\(file)' \"$url\" $token")
            #expect(output == "", "\(output)")
        }
    }

    @Test(
        arguments: [
            ("{", -32700), ("[]", -32600), ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600), ("3", -32600),
            ("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", -32600), ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
            ("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":3}", -32600),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\"}", -32601),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}", -32602),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":[]}", -32602),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"approve\"}}", -32602),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"deployment_status\",\"arguments\":[]}}",
                -32602
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}",
                -32602
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"1999-01-01\",\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
                -32022
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2025-11-25\",\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
                -32022
            ),
            (String(repeating: "[", count: 100_000), -32700),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", -32700),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":" + String(repeating: "[", count: 500)
                    + String(repeating: "{},", count: 5000) + "1" + String(repeating: "]", count: 500) + "}}", -32700
            ), (String(repeating: "x", count: 3 << 20), -32700),
            ("\u{0}\u{1b}", -32700),
        ] as [(String, Int)])
    func `a line that is wrong is answered with what is wrong, and the next one is served`(line: String, code: Int) throws {
        let ping = #"{"jsonrpc":"2.0","id":"after","method":"ping"}"#
        let notification = #"{"jsonrpc":"2.0","method":"notifications/whatever","params":{}}"#
        let finished = try run(
            Executables.pinfold, ["mcp", "--data-root", "/nonexistent"], workingDirectory: "/",
            input: "\n\(notification)\n\(line)\n\(ping)\n")
        #expect(finished.status == .exited(0), "\(finished)")
        let answers = try finished.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(answers.count == 2, "\(finished)")
        let error = answers.compactMap { $0["error"] as? [String: Any] }.first
        #expect(error?["code"] as? Int == code, "\(finished)")
        if code == -32022 {
            let supported = (error?["data"] as? [String: Any])?["supported"] as? [String]
            // What it can name in the place of the one that it named.
            #expect(supported == ["2026-07-28"])
        }
        #expect(answers.contains { $0["id"] as? String == "after" && $0["result"] != nil }, "\(finished)")
    }

    @Test(
        arguments: [
            (#"{"jsonrpc":"2.0","id":16,"method":7}"#, "16"), (#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, "a"),
            (#"{"id":3}"#, "3"), (#"{"jsonrpc":"2.0","id":[4],"method":"ping"}"#, "<null>"),
            (Self.explaining(#""/tmp/\ud83d""#, id: "17"), "17"), (Self.explaining(#""/tmp", "write": 1e400"#, id: "\"b\""), "b"),
            (Self.explaining("1" + String(repeating: "0", count: 900), id: "18"), "18"),
        ])
    func `whatever is wrong with a request, its sender is told`(line: String, id: String) throws {
        let finished = try run(
            Executables.pinfold, ["mcp", "--data-root", "/nonexistent"], workingDirectory: "/", input: line + "\n")
        let answer = try #require(
            try JSONSerialization.jsonObject(with: Data(finished.output.utf8)) as? [String: Any], "\(finished)")
        #expect("\(answer["id"] ?? "none")" == id, "\(finished)")
        #expect(answer["error"] != nil || (answer["result"] as? [String: Any])?["isError"] as? Bool == true, "\(finished)")
    }

    private static func explaining(_ path: String, id: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"explain_path","arguments":{"path":\#(path)}}}"#
    }

    @Test(arguments: [
        "2025-03-26": "2025-11-25", "2025-06-18": "2025-06-18", "2024-11-05": "2024-11-05", "2031-01-01": "2025-11-25",
    ])
    func `a version is agreed on that is served whole`(asked: String, agreed: String) throws {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"\#(asked)","capabilities":{}}}"#
        let finished = try run(
            Executables.pinfold, ["mcp", "--data-root", "/nonexistent"], workingDirectory: "/", input: line + "\n")
        #expect(finished.output.contains("\"protocolVersion\":\"\(agreed)\""), "\(finished)")
    }

    @Test func `paths are not explained outside the view, with the eyes of whoever started it there`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/secret", "")
            let finished = try run(
                Executables.pinfold, ["mcp", "--data-root", directory], workingDirectory: "/",
                input: Self.explaining("\"\(directory)/secret\"", id: "1") + "\n")
            #expect(finished.output.contains("\"isError\":true") && finished.output.contains("pinfold run"), "\(finished)")
            #expect(!finished.output.contains("mode "), "\(finished)")
        }
    }

    @Test func `a path of any length is answered, and nobody waits for it`() throws {
        try AgentPlace.with { place in
            let lines = [
                Self.explaining("\"" + String(repeating: "x/", count: 500_000) + "\"", id: "1"),
                Self.explaining("\"/" + String(repeating: "x/", count: 2000) + "\"", id: "2"),
            ]
            let finished = try place.inside([place.pinfold, "mcp"], input: lines.joined(separator: "\n") + "\n")
            let answers = finished.output.split(separator: "\n")
            #expect(answers.count == 2, "\(finished)")
            let long = answers.first { $0.contains("\"id\":1,") }
            #expect(long?.contains("\"isError\":true") == true && long?.contains("4096") == true, "\(finished)")
            let short = answers.first { $0.contains("\"id\":2,") }
            #expect(short?.contains("\"isError\":false") == true, "\(finished)")
        }
    }

    @Test func `over HTTP the wait ends with a stream that is closed, and with nothing else that a client closes`() throws {
        try AgentPlace.with { place in
            let file = place.root + "/closing.py"
            try writeFile(file, try readFile(sources + "/Tests/AgentToolsTests/Scripts/closing.py"))
            try place.agent("touch slow")
            for (message, way) in [("Second", "handshake"), ("Third", "later"), ("Fourth", "stream")] {
                try place.agent("echo \(message) > version")
                let output = try listening(place, "/usr/bin/python3 -B '\(file)' $url $token half \(way) \(message)")
                #expect(output.contains("deployed"), "\(way): \(output)")
            }
            // Its test goes on for longer than the call would.
            try place.agent("echo sleep 45 >> check")
            let output = try listening(place, "/usr/bin/python3 -B '\(file)' $url $token whole stream Fifth $server")
            #expect(output.contains("no longer served"), "\(output)")
            #expect(try place.admin("status", "--json").output.contains("\"testing\""))
        }
    }

    @Test func `a daemon that is killed in mid-call and comes back ends the call as if it had not`() throws {
        try AgentPlace.with(isServed: false) { place in
            // With that its test takes a while.
            try place.agent("touch slow; echo 2 > version")
            let first = try place.startDaemon()
            let told = Lock<Result<Box, any Error>?>(nil)
            let calling = try SystemThread("calling") {
                let outcome = Result { () throws -> Box in
                    Box(
                        value: try place.python(
                            "client.py",
                            ["auto", "stdio", place.pinfold, place.data, "deploy_agent_code,{\"commit_message\": \"Second\"}"]))
                }
                told.withLock { $0 = outcome }
            }
            let deadline = ContinuousClock.now + .seconds(60)
            while try !place.admin("status", "--json").output.contains("\"testing\"") {
                guard ContinuousClock.now < deadline else { throw TestFailure("it is never tested") }
                pause(milliseconds: 50)
            }
            try first.signal(SIGKILL)
            _ = try first.wait()
            let second = try place.startDaemon()
            calling.join()
            try second.signal(SIGTERM)
            _ = try second.wait()
            let outcome = try #require(told.withLock { $0 }).get().value
            let calls = try #require(outcome["calls"] as? [[String: Any]])
            #expect(calls[0]["error"] as? Bool == false, "\(calls)")
            #expect((calls[0]["structured"] as? [String: Any])?["deployed"] as? Bool == true, "\(calls)")
        }
    }

    @Test(arguments: ["missing", "open", "short", "link", "fifo"])
    func `a token that others could know is refused`(kind: String) throws {
        try withTemporaryDirectory { directory in
            try shell(
                """
                cd '\(directory)'; umask 077; head -c 32 /dev/urandom | base64 > whole
                cp whole open; chmod 640 open; echo abc > short; ln -s whole link; mkfifo fifo
                """
            ).requireSuccess()
            let refused = try run(
                Executables.pinfold,
                ["mcp", "--data-root", directory, "--listen", "127.0.0.1:0", "--token-file", "\(directory)/\(kind)"],
                workingDirectory: "/", seconds: 20)
            #expect(refused.status == .exited(2), "\(refused)")
            #expect(refused.errors.contains("token"), "\(refused)")
        }
    }

    @Test(arguments: ["0.0.0.0:0", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "[::]:1"])
    func `nothing but the loopback address is listened at`(address: String) throws {
        try withTemporaryDirectory { directory in
            try shell("umask 077; head -c 32 /dev/urandom | base64 > '\(directory)/token'").requireSuccess()
            let refused = try run(
                Executables.pinfold, ["mcp", "--data-root", directory, "--listen", address, "--token-file", directory + "/token"],
                workingDirectory: "/", seconds: 20)
            #expect(refused.status == .exited(2) && refused.errors.contains(address), "\(refused)")
        }
    }
}

/// A value that one thread makes and another takes.
private struct Box: @unchecked Sendable {
    // @unchecked: whoever made it is joined before it is looked at.
    let value: [String: Any]
}
