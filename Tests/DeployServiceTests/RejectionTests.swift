import DeployModel
import DeployService
import TestSupport
import Testing

private let agent = Caller(role: .agent, uid: 1000, name: "agent")

/// What was rejected stays rejected for as long as its tree is the same, and says how often it was asked for.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RejectionTests {
    /// A commit that changes a test, and that a human refused.
    private func rejected(_ farm: Farm, _ service: DeployService) async throws -> Deployment {
        try await service.deployed(farm.commit(["a": "1", "tests/test_a.py": "assert True\n"]))
        let waiting = try await service.outcome(of: farm.commit(["tests/test_a.py": "pass\n"]))
        #expect(waiting.state == .awaitingApproval)
        return try await service.reject(waiting.commit.hex, reason: "keep the test", by: admin)
    }

    @Test func `the agent that asks again is told how often and why, and no human is asked`() async throws {
        try await withFarm { farm, service in
            let rejected = try await rejected(farm, service)
            for time in 1...2 {
                let answer = try await service.deploy(DeployActionRequest(commitMessage: nil), by: agent)
                #expect(answer.id == rejected.id)
                #expect(answer.state == .rejected)
                #expect(answer.askedAgain == time)
                #expect(answer.reason == "root: keep the test")
            }
            #expect(try service.status().waiting == nil)
        }
    }

    @Test func `the same tree under another commit is rejected at once, with the reason`() async throws {
        try await withFarm { farm, service in
            let rejected = try await rejected(farm, service)
            _ = try await service.deploy(DeployActionRequest(commitMessage: nil), by: agent)
            try farm.git("commit", "-q", "--amend", "-m", "another message")
            let again = try await service.outcome(of: farm.head())
            #expect(again.state == .rejected)
            #expect(again.stage == .takeIn)
            let reason = again.reason ?? ""
            #expect(
                reason.contains("deployment \(rejected.id)") && reason.contains("keep the test") && reason.contains("2 more times"),
                "\(reason)")
            #expect(try service.status().waiting == nil)
        }
    }

    @Test func `a tree that has changed is looked at, and so is the same one once an admin asks`() async throws {
        try await withFarm { farm, service in
            _ = try await rejected(farm, service)
            let changed = try await service.outcome(of: farm.commit(["tests/test_a.py": "assert True, 'still'\n"]))
            #expect(changed.state == .awaitingApproval)
            _ = try await service.reject(changed.commit.hex, reason: "no", by: admin)
            let once = try await service.deploy(DeployActionRequest(commitMessage: nil), by: admin)
            #expect(once.id > changed.id)
            let waiting = try await service.outcome(of: changed.commit)
            #expect(waiting.state == .awaitingApproval)
            _ = try await service.approve(waiting.commit.hex, by: admin)
            try await service.deployed(waiting.commit)
        }
    }
}
