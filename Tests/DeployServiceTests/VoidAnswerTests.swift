import AdminInterface
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// What becomes of signatures whose answers count no more.
extension PolicyTests {
    @Test func `a signature whose answer has become void is no answer any more, brought by whomever`() async throws {
        let passkey = Lock<SoftwarePasskey?>(nil)
        try await asked { policy in
            let made = try SoftwarePasskey(in: policy.directory + "/passkey")
            passkey.withLock { $0 = made }
            try policy.write(need: 3, of: ["ken": "passkey = \(made.id) \(made.publicKey) phone\n"])
        } _: { farm, policy, service, waiting in
            let (commit, made) = (waiting.commit.hex, try #require(passkey.withLock { $0 }))
            let page = Caller(role: .review, uid: ReviewUser.id, name: "review page")
            let ofKey = try policy.request(service, by: "ada")
            let ofPasskey = try passkeyRequest(made, service)
            _ = try await service.answer(.approve, commit, ofKey, by: admin)
            _ = try await service.answer(.approve, commit, ofPasskey, by: page)
            #expect(try service.status().waiting?.approval?.needs.first?.given == ["ada", "ken"])
            // A key is taken out and put back: what is shown, the policy and the commit are what they were.
            let text = try readFile(policy.file)
            try policy.write(need: 3)
            _ = try await service.hold(reason: "wakes the loop", by: admin)
            try await service.resume(by: admin)
            try await eventually("they are void on record") {
                try service.show(waiting.id).answers?.allSatisfy { $0.void != nil } == true
            }
            try writeFile(policy.file, text)
            for (request, caller) in [(ofKey, admin), (ofPasskey, page)] {
                let said = await refusal { try await service.answer(.approve, commit, request, by: caller) }
                #expect(said?.contains("void since") == true && said?.contains("review again") == true, "\(said ?? "taken")")
            }
            #expect(try service.show(waiting.id).answers?.count == 2)
            #expect(try service.status().waiting?.approval?.needs.first?.given == [])
            // Who signs what is asked now answers.
            _ = try await service.answer(.approve, commit, policy.request(service, by: "ada"), by: admin)
            _ = try await service.answer(.approve, commit, passkeyRequest(made, service), by: page)
            let answers = try #require(try service.show(waiting.id).answers)
            #expect(answers.map { $0.void == nil } == [false, false, true, true] && answers.map(\.voidBefore) == [0, 0, 2, 2])
        }
    }

    /// What a passkey's owner sends who looks at the status at this moment, by the page's own way in.
    func passkeyRequest(_ passkey: SoftwarePasskey, _ service: DeployService) throws -> AnswerRequest {
        let origin = "http://pabc.pinfold.localhost:8000"
        let shown = try #require(try service.status().waiting)
        let text = try #require(AnswerText(.approve, on: shown))
        let signed = try passkey.sign(challenge: PasskeySignature.challenge(of: text.text), origin: origin)
        return AnswerRequest(
            passkey: PasskeyAssertion(
                id: passkey.id, clientData: signed.clientData, authenticatorData: signed.authenticatorData,
                signature: signed.signature, origin: origin))
    }
}
