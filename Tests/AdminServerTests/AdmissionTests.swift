import AdminInterface
import DeployModel
import LinuxSystem
import Testing

@testable import AdminServer

@Suite struct AdmissionTests {
    private static let admin = SocketDoor(.admin, ownerID: 0, agentID: 61_234)
    private static let agent = SocketDoor(.agent, ownerID: 0, agentID: 61_234)

    private func peer(_ uid: UInt32) -> PeerCredentials { PeerCredentials(processID: 1, userID: uid, groupID: uid) }

    @Test func `root comes in by both doors, as the admin by one and with the agent's rights by the other`() throws {
        #expect(try Self.admin.admit(peer(0)).role == .admin)
        #expect(try Self.agent.admit(peer(0)).role == .agent)
    }

    @Test func `the review page comes in by its own door, as nobody in particular, and so does root there`() throws {
        let review = SocketDoor(.review, ownerID: 0, agentID: 61_234)
        for uid in [ReviewUser.id, 0] { #expect(try review.admit(peer(uid)).role == .review) }
        for uid: UInt32 in [61_234, 61_235] { #expect(throws: Problem.self) { try review.admit(peer(uid)) } }
        for door in [Self.admin, Self.agent] { #expect(throws: Problem.self) { try door.admit(peer(ReviewUser.id)) } }
        // An agent that was mistakenly given the page's user.
        #expect(throws: Problem.self) { try SocketDoor(.review, ownerID: 0, agentID: ReviewUser.id).admit(peer(ReviewUser.id)) }
    }

    @Test func `the review page's door leads to what it shows, and to answers that a passkey signed`() throws {
        let review = SocketDoor(.review, ownerID: 0, agentID: 61_234)
        let open = Route.allCases.filter { (try? review.allow($0)) != nil }
        #expect(
            Set(open) == [
                .status, .stream, .history, .events, .show, .log, .diff, .changes, .changedFile, .tests, .policy, .approve, .reject,
            ])
        let passkey = Samples.passkey
        #expect((try? review.allow(AnswerRequest(passkey: passkey))) != nil)
        for request in [
            AnswerRequest(), AnswerRequest(reason: "no"), AnswerRequest(signature: "s"),
            AnswerRequest(signature: "s", passkey: passkey),
        ] { #expect(throws: Problem.self) { try review.allow(request) } }
        #expect((try? Self.admin.allow(AnswerRequest())) != nil)
    }

    @Test func `the agent comes in by its own door only`() throws {
        #expect(try Self.agent.admit(peer(61_234)).role == .agent)
        #expect(throws: Problem.self) { try Self.admin.admit(peer(61_234)) }
    }

    @Test func `a stranger comes in by neither`() {
        #expect(throws: Problem.self) { try Self.admin.admit(peer(61_235)) }
        #expect(throws: Problem.self) { try Self.agent.admit(peer(61_235)) }
    }

    @Test func `the user that the daemon runs as is an admin`() throws {
        #expect(try SocketDoor(.admin, ownerID: 1000, agentID: 61_234).admit(peer(1000)).role == .admin)
    }

    @Test func `an agent that shares the daemon's user is still the agent`() {
        #expect(throws: Problem.self) { try SocketDoor(.admin, ownerID: 1000, agentID: 1000).admit(peer(1000)) }
    }

    @Test func `the agent's door leads to what is about its work alone`() {
        let open = Route.allCases.filter { (try? Self.agent.allow($0)) != nil }
        #expect(
            Set(open) == [
                .deploy, .deployment, .status, .history, .show, .log, .diff, .changes, .changedFile, .tests, .surface, .explain,
                .workspace,
            ])
        #expect(Route.allCases.allSatisfy { (try? Self.admin.allow($0)) != nil })
    }

    @Test func `the same refusal is written once and then counted`() async throws {
        let service = FakeService()
        let record = RefusalRecord(service, pause: .milliseconds(200))
        for _ in 0..<100 { record.note(who: "uid 5", what: "approve", outcome: "refused") }
        record.note(who: "uid 6", what: "approve", outcome: "refused")
        #expect(service.events.count == 2)
        try await eventuallyRecorded(service) {
            record.note(who: "uid 5", what: "approve", outcome: "refused")
            return service.events.count == 3
        }
        #expect(service.events.last?.outcome.contains("more times") == true)
    }

    private func eventuallyRecorded(_ service: FakeService, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
