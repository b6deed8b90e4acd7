import DeployModel
import DeploySteps
import TestSupport
import Testing

/// What a passkey signs, checked: with keys that OpenSSL makes, as an authenticator would.
struct PasskeyTests {
    private static let origin = "http://pabc.pinfold.localhost:8000"

    /// Ada's, and the policy that knows it.
    private struct Authenticator {
        let passkey: SoftwarePasskey
        var id: String { passkey.id }

        init(in directory: String) throws { passkey = try SoftwarePasskey(in: directory) }

        func policy(_ options: String = "") throws -> ApprovalPolicy {
            try ApprovalPolicy(
                parsing: "[person ada]\npasskey = \(options)\(id) \(passkey.publicKey) laptop\n[rule all]\nfrom = ada\n",
                digest: "p1")
        }

        func sign(
            _ text: String, type: String = "webauthn.get", origin: String = origin, site: String = "pinfold.localhost",
            flags: UInt8 = 5, more: String = ""
        ) throws -> PasskeyAssertion {
            let signed = try passkey.sign(
                challenge: PasskeySignature.challenge(of: text), type: type, origin: origin, site: site, flags: flags, more: more)
            return PasskeyAssertion(
                id: id, clientData: signed.clientData, authenticatorData: signed.authenticatorData, signature: signed.signature,
                origin: PasskeyTests.origin)
        }
    }

    private static let now = Timestamp(milliseconds: 1_767_225_600_000)

    private func refusal(_ text: String, _ assertion: PasskeyAssertion, _ policy: ApprovalPolicy) -> String? {
        do {
            _ = try PasskeySignature.signer(of: text, assertion, by: policy, at: Self.now)
            return nil
        } catch { return error.message }
    }

    @Test func `a passkey answers for its person, for one text, asked by this page, with its owner there`() throws {
        try withTemporaryDirectory { directory in
            let key = try Authenticator(in: directory)
            let policy = try key.policy()
            let good = try key.sign("yes")
            #expect(try PasskeySignature.signer(of: "yes", good, by: policy, at: Self.now).person.name == "ada")
            #expect(refusal("yes", good, try key.policy("valid-before=20251231Z "))?.contains("has expired on") == true)
            #expect(refusal("yes", good, try key.policy("valid-after=20270101Z "))?.contains("counts from") == true)
            #expect(refusal("no", good, policy)?.contains("is not this answer") == true)
            #expect(refusal("yes", try key.sign("yes", type: "webauthn.create"), policy)?.contains("is not this answer") == true)
            #expect(
                refusal("yes", try key.sign("yes", origin: "http://pabc.pinfold.localhost:8001"), policy)?.contains("another page")
                    == true)
            #expect(refusal("yes", try key.sign("yes", more: ",\"crossOrigin\":true"), policy)?.contains("another page") == true)
            #expect(
                refusal("yes", try key.sign("yes", site: "evil.localhost"), policy)?.contains("did not ask who is there") == true)
            #expect(refusal("yes", try key.sign("yes", flags: 1), policy)?.contains("did not ask who is there") == true)
            for origin in [
                "http://evil.localhost:8000", "https://pabc.pinfold.localhost", "http://pinfold.localhost.evil:1",
                "http://p@x.pinfold.localhost:1",
            ] {
                var elsewhere = try key.sign("yes", origin: origin)
                elsewhere.origin = origin
                #expect(refusal("yes", elsewhere, policy)?.contains("another page") == true, "\(origin)")
            }
            var changed = good
            changed.signature = try key.sign("other").signature
            #expect(refusal("yes", changed, policy)?.contains("is not this answer") == true)
            changed = good
            changed.id = base64url([UInt8](repeating: 8, count: 32))
            #expect(refusal("yes", changed, policy)?.contains("nobody's in the approval policy") == true)
            for broken in ["", "=", "AA", String(repeating: "A", count: 5000)] {
                changed = good
                changed.authenticatorData = broken
                #expect(refusal("yes", changed, policy) != nil)
                changed = good
                changed.clientData = broken
                #expect(refusal("yes", changed, policy) != nil)
            }
        }
    }

    @Test(arguments: [
        "", ":", "http:", "http://", "http://p", "http://p:", "http://p:1", "http://p.pinfold.localhost",
        "http://p.pinfold.localhost:", "http://p.pinfold.localhost:65536", "http://p.pinfold.localhost:-1", "http://p\u{301}:1",
        "http://pé.pinfold.localhost:1",
    ])
    func `an origin that is no page's is refused, whatever it is, before a signature is looked at`(origin: String) throws {
        try withTemporaryDirectory { directory in
            let key = try Authenticator(in: directory)
            let challenge = PasskeySignature.challenge(of: "yes")
            let client = "{\"type\":\"webauthn.get\",\"challenge\":\"\(challenge)\",\"origin\":\"\(origin)\"}"
            let assertion = PasskeyAssertion(
                id: key.id, clientData: base64url(Array(client.utf8)), authenticatorData: "", signature: "", origin: origin)
            #expect(refusal("yes", assertion, try key.policy())?.contains("another page") == true)
        }
    }

    @Test func `what an authenticator says is refused wherever it ends too soon`() throws {
        try withTemporaryDirectory { directory in
            let key = try Authenticator(in: directory)
            let policy = try key.policy()
            let good = try key.sign("yes")
            let data = try #require(Base64.decode(good.authenticatorData, isURL: true))
            let signature = try #require(Base64.decode(good.signature, isURL: true))
            for count in 0..<data.count {
                var cut = good
                cut.authenticatorData = base64url(Array(data.prefix(count)))
                #expect(refusal("yes", cut, policy)?.contains("did not ask who is there") == true, "\(count)")
            }
            for count in 0..<signature.count {
                var cut = good
                cut.signature = base64url(Array(signature.prefix(count)))
                #expect(refusal("yes", cut, policy)?.contains("is not this answer") == true, "\(count)")
            }
        }
    }
}
