import AdminInterface
import DeployModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTesting
import LinuxSystem
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import AdminServer

/// The doors' responders without sockets.
@Suite(.timeLimit(.minutes(10))) struct InterfaceTests {
    private let service = FakeService(Samples.deployment(3, .deployed), Samples.wholeDeployment)

    private struct Answer {
        let status: Int
        let type: String?
        let allow: String?
        let body: [UInt8]

        func value<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try DeployJSON.decode(Value.self, from: Data(body))
        }
    }

    /// What the library's testing runs: it is never served, so nothing but the responder is under test.
    private func application(_ door: SocketDoor) -> some ApplicationProtocol {
        Application(
            responder: buildResponder(service, door: door, rules: FixedRules()),
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), logger: quietLogger())
    }

    /// The door of `role`, by which everybody is `uid`.
    private func door(_ role: SocketDoor.Role, uid: UInt32) -> SocketDoor {
        SocketDoor(role, ownerID: 0, agentID: 61_234) { _ in PeerCredentials(processID: 1, userID: uid, groupID: uid) }
    }

    /// Asks by the door of `role`, as `uid`; the agent's is 61234.
    private func ask(_ role: SocketDoor.Role, uid: UInt32 = 0, _ method: Route.Method, _ target: String, _ body: String? = nil)
        async throws -> Answer
    {
        let application = application(door(role, uid: uid))
        return try await application.test(.router) { client in
            try await client.execute(
                uri: target, method: method == .get ? .get : .post, body: body.map { ByteBuffer(string: $0) }
            ) { response in
                Answer(
                    status: response.status.code, type: response.headers[.contentType], allow: response.headers[.allow],
                    body: Array(response.body.readableBytesView)
                )
            }
        }
    }

    @Test func `each request reaches the service with its arguments and its caller`() async throws {
        let commit = "0123456"
        for (target, body) in [
            ("/deploy", #"{"commit_message": "m"}"#), ("/deploy", #"{"commit_message": "m", "force_deploy": true}"#),
            ("/deploy", "{}"),
            ("/commits/\(commit)/approve", nil), ("/commits/\(commit)/reject", #"{"reason": "no"}"#),
            ("/commits/\(commit)/lift", nil),
            ("/rollback", "{}"), ("/rollback", #"{"to": 3}"#), ("/hold", #"{"reason": "wait"}"#), ("/resume", nil),
        ] as [(String, String?)] {
            let answer = try await ask(.admin, .post, target, body)
            #expect(answer.status == 200, "\(target): \(String(decoding: answer.body, as: UTF8.self))")
            #expect(answer.type == "application/json")
        }
        #expect(
            service.calls == [
                "deploy 'm' by admin 0", "deploy 'm' force by admin 0", "deploy '-' by admin 0", "approve 0123456 by admin 0",
                "reject 0123456 'no' by admin 0",
                "lift 0123456 by admin 0", "rollback - by admin 0", "rollback 3 by admin 0", "hold 'wait' by admin 0",
                "resume by admin 0",
            ])
    }

    @Test func `what is read comes back as the records that it is`() async throws {
        service.change { $0.status = Samples.wholeStatus }
        #expect(try await ask(.admin, .get, "/status").value(StatusDocument.self).deployed == Samples.version)
        #expect(try await ask(.admin, .get, "/deployments/7").value() == Samples.wholeDeployment)
        #expect(try await ask(.admin, .get, "/deploy/3?wait=0").value() == Samples.deployment(3, .deployed))
        #expect(try await ask(.admin, .get, "/deployments").value(HistoryPage.self).deployments.map(\.id) == [7, 3])
        let diff = try await ask(.admin, .get, "/deployments/7/diff")
        #expect(diff.type == "application/octet-stream")
        #expect(diff.body == Array("--- a\n+++ b\n".utf8))
    }

    @Test func `history comes in pages`() async throws {
        let first = try await ask(.admin, .get, "/deployments?limit=1").value(HistoryPage.self)
        #expect(first.deployments.map(\.id) == [7])
        #expect(first.next == 7)
        let second = try await ask(.admin, .get, "/deployments?limit=2&before=7").value(HistoryPage.self)
        #expect(second.deployments.map(\.id) == [3])
        #expect(second.next == nil)
    }

    @Test func `control characters come back as data`() async throws {
        service.change { state in
            state.output = "a\u{1b}[2J\u{0}b"
            state.deployments[7]?.subject = "\u{1b}]0;x\u{7}"
        }
        #expect(try await ask(.admin, .get, "/deployments/7/log").value(LogPage.self).text == "a\u{1b}[2J\u{0}b")
        #expect(try await ask(.admin, .get, "/deployments/7").value(Deployment.self).subject == "\u{1b}]0;x\u{7}")
    }

    @Test func `output comes in pieces and is waited for`() async throws {
        service.change { state in
            state.output = "one"
            state.outputIsComplete = false
        }
        let first = try await ask(.admin, .get, "/deployments/7/log").value(LogPage.self)
        #expect(first == LogPage(text: "one", next: 3, complete: false))
        async let second = ask(.admin, .get, "/deployments/7/log?from=3&wait=30")
        service.change { state in
            state.output = "onetwo"
            state.outputIsComplete = true
        }
        #expect(try await second.value() == LogPage(text: "two", next: 6, complete: true))
    }

    @Test func `a wait for the status ends with the next change`() async throws {
        let known = try await ask(.agent, uid: 61_234, .get, "/status").value(StatusDocument.self).revision
        async let changed = ask(.agent, uid: 61_234, .get, "/status?after=\(known)&wait=30")
        service.change { $0.status.branch = "other" }
        #expect(try await changed.value(StatusDocument.self).branch == "other")
    }

    @Test func `a wait for a deployment ends when it is a human's turn`() async throws {
        service.change { $0.deployments[5] = Samples.deployment(5, .testing) }
        async let settled = ask(.agent, uid: 61_234, .get, "/deploy/5?wait=30")
        service.change { $0.deployments[5]?.state = .awaitingApproval }
        #expect(try await settled.value(Deployment.self).state == .awaitingApproval)
    }

    @Test(arguments: Route.allCases.filter { $0.audience == .admin })
    func `the agent is refused what is the admin's, and that is recorded`(route: Route) async throws {
        let parameters = route.path.contains("{id}") ? ["7"] : ["0123456"]
        let answer = try await ask(.agent, uid: 61_234, route.method, route.target(parameters), route.method == .post ? "{}" : nil)
        #expect(answer.status == 403)
        #expect(answer.type == Problem.mediaType)
        let problem = try answer.value(Problem.self)
        #expect(problem.kind == .forbidden)
        #expect(problem.exitCode == 1)
        #expect(service.calls.isEmpty)
        #expect(service.events.count == 1)
        #expect(service.events.first?.what.contains(route.rawValue) == true)
    }

    @Test func `force from the agent's socket is refused in words and recorded, and nothing is committed`() async throws {
        let body = #"{"commit_message": "m", "force_deploy": true}"#
        for uid in [61_234, 0] as [UInt32] {
            let problem = try await ask(.agent, uid: uid, .post, "/deploy", body).value(Problem.self)
            #expect(problem.kind == .forbidden)
            #expect(problem.message.contains("admin's alone"))
        }
        #expect(service.calls.isEmpty)
        #expect(service.events.map(\.what) == Array(repeating: "deploy with force from the agent's socket", count: 2))
    }

    @Test func `a user that is neither is refused and recorded`() async throws {
        #expect(try await ask(.agent, uid: 61_235, .get, "/status").status == 403)
        #expect(try await ask(.admin, uid: 61_234, .get, "/status").status == 403)
        #expect(service.events.count == 2)
    }

    @Test func `who cannot be told apart is refused`() async throws {
        let application = application(SocketDoor(.admin, ownerID: 0, agentID: 61_234))
        let status = try await application.test(.router) { client in
            try await client.execute(uri: "/status", method: .get) { $0.status.code }
        }
        #expect(status == 403)
    }

    @Test(arguments: [
        ("/deploy", "", "JSON"), ("/deploy", "{", "JSON"), ("/deploy", "[]", "JSON"),
        ("/deploy", #"{"commit_message": " \n"}"#, "message"), ("/deploy", #"{"commit_message": "a\u0000b"}"#, "zero"),
        ("/deploy", #"{"commit_message": "\u0000"}"#, "zero"), ("/deploy", #"{"commit_message": "\ud800"}"#, "JSON"),
        ("/deploy", #"{"commit_message": "m", "force_deploy": "yes"}"#, "force_deploy"),
        ("/hold", #"{"reason": "a\u0000"}"#, "zero"),
        ("/commits/0123456/reject", #"{"reason": "\u0000a"}"#, "zero"), ("/rollback", #"{"to": 99999999999999999999}"#, "JSON"),
        ("/commits/0123456%00/lift", "", "commit"), ("/hold", #"{"reason": ""}"#, "why"),
        ("/hold", #"{"reason": 3}"#, "reason"),
        ("/commits/012345/approve", "", "seven"), ("/commits/zzzzzzzz/approve", "", "commit"), ("/rollback", #"{"to": "x"}"#, "to"),
        ("/rollback?force=1", "{}", "force"),
    ])
    func `a wrong request is answered with what is wrong`(target: String, body: String, word: String) async throws {
        let answer = try await ask(.admin, .post, target, body)
        #expect(answer.status == 400)
        let problem = try answer.value(Problem.self)
        #expect(problem.exitCode == 2)
        #expect(problem.message.contains(word), "\(problem.message)")
        #expect(service.calls.isEmpty)
    }

    @Test(arguments: [
        "/deployments/0", "/deployments/x", "/deployments/1%00", "/deployments?limit=1%00", "/status?after=%00&wait=1",
        "/deployments/7/log?from=-1", "/status?wait=31", "/status?wait=1&wait=2",
        "/deployments?limit=0",
    ])
    func `a wrong question is answered with what is wrong`(target: String) async throws {
        let answer = try await ask(.admin, .get, target)
        #expect(answer.status == 400)
        #expect(try answer.value(Problem.self).exitCode == 2)
    }

    @Test func `what there is not is not found`() async throws {
        for target in ["/", "/nothing", "/deployments/99", "/deploy/99", "/deployments/99/diff"] {
            let answer = try await ask(.admin, .get, target)
            #expect(answer.status == 404, "\(target)")
            #expect(try answer.value(Problem.self).kind == .notFound)
        }
    }

    @Test func `what can be asked for in another way is no way to ask, and says which is`() async throws {
        for (method, target, allowed) in [
            (Route.Method.get, "/hold", "POST"), (.post, "/status", "GET"), (.get, "/commits/0123456/approve", "POST"),
        ] {
            let answer = try await ask(.admin, method, target, method == .post ? "{}" : nil)
            #expect(answer.status == 405 && answer.allow == allowed, "\(target)")
            #expect(try answer.value(Problem.self).status == 405)
        }
        #expect(Route.methods(at: "/deployments//log").isEmpty && Route.methods(at: "/deployments/7/log/").isEmpty)
    }

    @Test(arguments: [
        (
            "/deploy", #"{"commit_message": "m", "force": true}"#,
            "'force' is no field of this request; it knows commit_message, force_deploy, force_reason"
        ),
        // A misspelt signature would be root's word.
        (
            "/commits/aaaaaaa/approve", #"{"signatur": "s"}"#,
            "'signatur' is no field of this request; it knows reason, expected_tree, surface_digest, signature, passkey"
        ),
        ("/hold", #"{"reason": "r", "": 1}"#, "'' is no field of this request; it knows reason"),
        ("/rollback", #"{"to": null}"#, "'to' is null; leave it out"),
        ("/rollback", #"{"id": 3}"#, "'id' is no field of this request; it knows to"),
    ]) func `a field that nothing reads, or that says nothing, is refused`(target: String, body: String, words: String) async throws
    {
        let answer = try await ask(.admin, .post, target, body)
        #expect(answer.status == 400)
        #expect(try answer.value(Problem.self).message == words)
        #expect(service.calls.isEmpty)
    }

    @Test(arguments: [
        "/deployments?state=", "/deployments?state=waiting", "/deployments/7/diff?against=0", "/deployments/7/diff?against=last",
    ])
    func `what a word may be is said where it is another`(target: String) async throws {
        let answer = try await ask(.admin, .get, target)
        #expect(answer.status == 400)
        #expect(try answer.value(Problem.self).message.contains("deployed"))
    }

    @Test func `a request larger than the limit is refused`() async throws {
        let body = #"{"commit_message": ""# + String(repeating: "x", count: Asked.requestLimit) + #""}"#
        let answer = try await ask(.agent, uid: 61_234, .post, "/deploy", body)
        #expect(answer.status == 413)
        #expect(service.calls.isEmpty)
    }

    @Test func `a diff larger than the limit is refused with where else to look`() async throws {
        service.change { $0.change = [UInt8](repeating: 0x2B, count: Harness.diffLimit + 1) }
        let answer = try await ask(.admin, .get, "/deployments/7/diff")
        #expect(answer.status == 413)
        #expect(try answer.value(Problem.self).message.contains("repo.git"))
    }

    @Test(arguments: [
        (DeployError.refused("r"), 409, 1), (.notFound("r"), 404, 1), (.usage("r"), 400, 2), (.forbidden("r"), 403, 1),
        (.waiting("r"), 409, 3), (.unavailable("r"), 503, 4), (.broken("r"), 500, 1),
    ])
    func `the service's errors keep their words and their exit codes`(error: DeployError, status: Int, exitCode: Int) async throws {
        service.change { $0.failure = error }
        let answer = try await ask(.admin, .post, "/resume")
        #expect(answer.status == status)
        let problem = try answer.value(Problem.self)
        #expect(problem.message == "r")
        #expect(problem.exitCode == exitCode)
        #expect(Int32(problem.exitCode) == error.exitCode)
    }

    @Test func `a change comes as files, and a file of it line by line, with as many lines around as asked for`() async throws {
        service.change {
            $0.change = Array("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -4 +4,2 @@ f\n-a\n+b\n+\u{202E}c\n".utf8)
        }
        for role in [SocketDoor.Role.admin, .review, .agent] {
            let list = try await ask(role, .get, "/deployments/7/changes?against=approved").value(ChangeList.self)
            #expect(list.files.map(\.path) == ["x"] && list.files.first?.added == 2 && list.files.first?.parts == nil)
            let file = try await ask(role, .get, "/deployments/7/changes/0?context=9").value(ChangedFile.self)
            #expect(file.parts?.first?.heading == "f" && file.parts?.first?.lines.map(\.text) == ["a", "b", "\u{202E}c"])
            #expect(file.parts?.first?.lines.map(\.new) == [nil, 4, 5] && service.state.withLock { $0.context } == 9)
        }
        for (target, status) in [
            ("/deployments/7/changes/1", 404), ("/deployments/7/changes/x", 400), ("/deployments/7/changes/-1", 400),
            ("/deployments/7/changes/0?context=1001", 400), ("/deployments/7/changes/0?context=-1", 400),
            ("/deployments/7/changes?context=1", 400), ("/deployments/9/changes", 404), ("/deployments/9/tests", 404),
        ] {
            #expect(try await ask(.admin, .get, target).status == status, "\(target)")
        }
        #expect(try await ask(.review, .get, "/deployments/7/tests").value(TestRuns.self).verdict?.failed == ["a::b"])
    }

    @Test func `the stream tells each revision once, and begins after the one that is known`() async throws {
        let application = application(door(.admin, uid: 0))
        let (service, known) = (service, try service.status().revision)
        try await application.test(.router) { client in
            func read(after event: Int?, wait: Int = 1) async throws -> String {
                var headers = HTTPFields()
                if let event, let name = HTTPField.Name("Last-Event-ID") { headers[name] = "\(event)" }
                return try await client.execute(uri: "/stream?wait=\(wait)", method: .get, headers: headers) { response in
                    #expect(response.headers[.contentType] == "text/event-stream")
                    return String(buffer: response.body)
                }
            }
            let first = try await read(after: nil)
            #expect(first.contains("id: \(known)\nevent: status\ndata: {\"revision\":\(known)}\n\n"), "\(first)")
            #expect(try await !read(after: known).contains("event:"))
            let before = service.state.withLock { $0.waits }
            async let second = read(after: known, wait: 20)
            try await eventually("it waits") { service.state.withLock { $0.waits } > before }
            service.change { _ in }
            let told = try await second
            #expect(told.split(separator: "\n").filter { $0.hasPrefix("id:") } == ["id: \(known + 1)"], "\(told)")
        }
        #expect(try await ask(.agent, .get, "/stream").status == 403)
        #expect(try await ask(.admin, .get, "/stream?wait=31").status == 400)
    }

    @Test func `the agent gets one deploy action at a time`() async throws {
        service.change { $0.deployIsHeld = true }
        let application = application(door(.agent, uid: 61_234))
        let service = service
        try await application.test(.router) { client in
            let body = ByteBuffer(string: #"{"commit_message": "m"}"#)
            async let first = client.execute(uri: "/deploy", method: .post, body: body) { $0.status.code }
            while service.calls.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            let second = try await client.execute(uri: "/deploy", method: .post, body: body) { $0.status.code }
            #expect(second == 429)
            service.change { $0.deployIsHeld = false }
            #expect(try await first == 200)
            let third = try await client.execute(uri: "/deploy", method: .post, body: body) { $0.status.code }
            #expect(third == 200)
        }
        #expect(service.calls.count == 2)
    }

    @Test func `a reader of the stream that knows a later revision than there is is told this one, and then waits`() async throws {
        let application = application(door(.admin, uid: 0))
        let known = try service.status().revision
        try await application.test(.router) { client in
            var headers = HTTPFields()
            headers[try #require(HTTPField.Name("Last-Event-ID"))] = "\(known + 1000)"
            let told = try await client.execute(uri: "/stream?wait=1", method: .get, headers: headers) { String(buffer: $0.body) }
            #expect(told.split(separator: "\n").filter { $0.hasPrefix("id:") } == ["id: \(known)"], "\(told)")
        }
        #expect(service.state.withLock { $0.waits } <= 3)
    }
}
