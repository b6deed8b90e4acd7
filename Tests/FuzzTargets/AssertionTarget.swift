import DeployModel
import DeploySteps
import TestSupport

/// Three lines: the page, what the authenticator says, its signature; and what the browser says. Whoever's it is taken for, it is of the text
/// that was asked, by the page, with its owner there.
func tryAssertion(_ input: [UInt8]) {
    let parts = input.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4 else { return }
    let texts = parts.map { String(decoding: $0, as: UTF8.self) }
    let assertion = PasskeyAssertion(
        id: knownPasskey, clientData: base64url(Array(parts[3])), authenticatorData: texts[1], signature: texts[2], origin: texts[0]
    )
    let signer: (person: ApprovalPolicy.Person, passkey: Passkey)
    do throws(DeployError) {
        signer = try PasskeySignature.signer(of: "yes", assertion, by: knownPolicy, at: Timestamp(milliseconds: 1_767_225_600_000))
    } catch {
        return require(!error.message.isEmpty, "a refusal without words")
    }
    require(signer.person.name == "ada" && signer.passkey.id == knownPasskey, "somebody else's")
    require(texts[0].hasPrefix("http://p") && texts[0].contains(".pinfold.localhost:"), "another page: \(texts[0])")
    require(texts[3].contains(PasskeySignature.challenge(of: "yes")), "another text")
    require(Base64.decode(texts[1], isURL: true).map { $0.count >= 37 && $0[32] & 5 == 5 } == true, "nobody was there")
}

private let knownPasskey = base64url([UInt8](repeating: 7, count: 32))

/// The private key is nobody's any more: what was signed with it is kept.
private let knownPolicy: ApprovalPolicy = {
    let key =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBpyngAmjee0ZSthD5b-_39EOS2jr9K9SQEKPDYc2KoABiN8q3JduWd"
        + "VBHlS7oMOAxW55nHBbj9B6dfQ8324TQQ"
    let text = "[person ada]\npasskey = \(knownPasskey) \(key)\n[rule all]\nfrom = ada\n"
    guard let policy = try? ApprovalPolicy(parsing: text, digest: "p1") else { fatalError("the policy is none") }
    return policy
}()
