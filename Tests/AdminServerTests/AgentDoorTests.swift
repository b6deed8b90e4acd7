import AdminClient
import AdminInterface
import DeployModel
import FoundationEssentials
import LinuxSystem
import TestSupport
import Testing

/// What the agent reads by its own socket, and what it does not.
@Suite(.timeLimit(.minutes(10))) struct AgentDoorTests {
    private let service = FakeService(Samples.deployment(3, .deployed), Samples.wholeDeployment)

    private func withLive(_ body: (LiveServer) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) { try await body(live) }
        }
    }

    /// Asks on a thread of its own: the client blocks.
    private func ask<Answer: Decodable & Sendable>(
        _ client: AdminClient, _ route: Route, _ parameters: [String] = [], query: [(name: String, value: String)] = [],
        as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await onThread { try client.ask(route, parameters, query: query) }
    }

    @Test func `its records name no person and no host, and advise what it can do itself`() async throws {
        service.change { state in
            state.status = Samples.wholeStatus
            state.deployments[8] = Samples.deployment(8, .awaitingApproval)
            state.deployments[8]?.advice = "pinfold approve \(Samples.commit)"
        }
        try await withLive { live in
            let own: Deployment = try await ask(live.agent, .show, ["7"])
            let whole: Deployment = try await ask(live.admin, .show, ["7"])
            #expect(whole == Samples.wholeDeployment)
            #expect(own.verdict == whole.verdict && own.reason == whole.reason && own.hints == whole.hints)
            #expect([own.approval?.by, own.forcedBy, own.requestedBy] == ["a human", "a human", "a human"])
            #expect(own.push == nil)
            #expect(own.advice?.contains("pinfold logs 7") == true)
            let waiting: Deployment = try await ask(live.agent, .show, ["8"])
            #expect(waiting.advice?.contains("approve") == false)
            let status: StatusDocument = try await ask(live.agent, .status)
            #expect(status.waiting?.answers == [])
            #expect(status.hold?.by == "a human" && status.hold?.reason == "a holiday")
            #expect(status.rules == Samples.wholeStatus.rules)
            #expect(status.warnings == ["the disk is full"] && status.pushWarning == nil && status.last?.push == nil)
            let told: StatusDocument = try await ask(live.admin, .status)
            #expect(told.warnings == Samples.wholeStatus.warnings && told.pushWarning == Samples.wholeStatus.pushWarning)
        }
    }

    @Test func `what it prints inside suggests nothing that only the admin can do`() async throws {
        service.change { $0.status = Samples.wholeStatus }
        try await withLive { live in
            for arguments in [["status"], ["show", "7"], ["history"], ["logs", "7"], ["diff", "7"]] {
                let said = try await live.pinfold(arguments, as: agentID)
                #expect(said.status == .exited(0), "\(said)")
                for word in ["approve", "reject", "lift", "resume", "rollback", "force", "sudo"] {
                    #expect(!said.output.contains("pinfold \(word)"), "\(arguments): \(said.output)")
                }
            }
            let admin = try await live.pinfold("status")
            #expect(admin.output.contains("pinfold lift") && admin.output.contains("pinfold resume"), "\(admin)")
        }
    }

    @Test func `it gets fifty records at a time, however many it asks for`() async throws {
        service.change { state in for id in 10..<200 { state.deployments[id] = Samples.deployment(id) } }
        try await withLive { live in
            let page: HistoryPage = try await ask(live.agent, .history, query: [("limit", "1000")])
            #expect(page.deployments.count == 50)
            #expect(page.next == 150)
            let whole: HistoryPage = try await ask(live.admin, .history, query: [("limit", "1000")])
            #expect(whole.deployments.count == 192)
            // The command goes on where an answer ended.
            let said = try await live.pinfold(["history", "--number", "120", "--json"], as: agentID)
            let read = try DeployJSON.decode(HistoryPage.self, from: Data(said.output.utf8))
            #expect(read.deployments.count == 120 && read.next == 80)
        }
    }

    @Test func `paths are explained by name, and wrong ones are refused`() async throws {
        try await withLive { live in
            let answer: PathExplanations = try await onThread {
                try live.agent.ask(.explain, sending: PathsRequest(paths: ["/hidden/x", "/etc/../etc/motd"]))
            }
            #expect(answer.paths.map(\.read.allowed) == [false, true])
            let wrong: [[String]] = [
                [], ["relative"], ["/a\0b"], ["/" + String(repeating: "a", count: 4096)], Array(repeating: "/", count: 65),
            ]
            for paths in wrong {
                do {
                    let _: PathExplanations = try await onThread {
                        try live.agent.ask(.explain, sending: PathsRequest(paths: paths))
                    }
                    Issue.record("\(paths.count) paths were taken")
                } catch AdminClientError.problem(let problem) {
                    #expect(problem.kind == .usage)
                }
            }
        }
    }
}
