internal import Crypto
package import DeployModel
internal import Foundation

/// Whose passkey an answer was given with.
/// See: W3C Web Authentication, section 7.2
package enum PasskeySignature {
    /// What the browser says it was asked, of which only this counts.
    private struct ClientData: Decodable {
        let type: String
        let challenge: String
        let origin: String
        let crossOrigin: Bool?
    }

    /// The largest part that is looked at, in bytes.
    private static let limit = 4096
    /// Somebody was there, and proved who they are: bits of the flags in the authenticator's data.
    private static let flags: UInt8 = 0x01 | 0x04

    /// The challenge that a passkey has to sign for an answer, as base64url.
    package static func challenge(of text: String) -> String { base64url(Array(SHA256.hash(data: Array(text.utf8)))) }

    /// - Throws: `.forbidden` where it is nobody's of the policy, or does not fit the text or the page.
    package static func signer(
        of text: String, _ assertion: PasskeyAssertion, by policy: ApprovalPolicy, at now: DeployModel.Timestamp
    ) throws(DeployError) -> (person: ApprovalPolicy.Person, passkey: Passkey) {
        let keys = policy.people.flatMap { person in person.passkeys.map { (person, $0) } }
        guard let (person, passkey) = keys.first(where: { $0.1.id == assertion.id }) else {
            throw .forbidden("the passkey is nobody's in the approval policy: `pinfold policy` lists them")
        }
        if let expired = passkey.objection(at: now) { throw .forbidden(expired) }
        let refusal = DeployError.forbidden(
            "what \(person.name)'s passkey signed is not this answer, or an answer has become void since: review again")
        guard let client = bytes(assertion.clientData), let authenticator = bytes(assertion.authenticatorData),
            let signature = bytes(assertion.signature), let key = bytes(passkey.publicKey),
            let said = try? JSONDecoder().decode(ClientData.self, from: Data(client)), said.type == "webauthn.get",
            said.challenge == challenge(of: text)
        else { throw refusal }
        guard said.origin == assertion.origin, isPage(said.origin), said.crossOrigin != true else {
            throw .forbidden("\(person.name)'s passkey was asked by another page than this: end 'pinfold web', and look who asks")
        }
        // The digest of the name that it was made for, the flags, a counter.
        guard authenticator.count >= 37, authenticator.starts(with: SHA256.hash(data: Array(Passkey.relyingParty.utf8))),
            authenticator[32] & flags == flags
        else {
            throw .forbidden(
                "\(person.name)'s passkey did not ask who is there: it has to be unlocked by a PIN, a finger or a face")
        }
        let signed = authenticator + Array(SHA256.hash(data: client))
        guard let publicKey = try? P256.Signing.PublicKey(derRepresentation: key),
            let value = try? P256.Signing.ECDSASignature(derRepresentation: signature),
            publicKey.isValidSignature(value, for: signed)
        else { throw refusal }
        return (person, passkey)
    }

    /// Whether an origin is one of the review page's: `http://p….pinfold.localhost:PORT`.
    private static func isPage(_ origin: String) -> Bool {
        guard origin.hasPrefix("http://p") else { return false }
        // The scheme has a colon, too: the port's is looked for behind it.
        let place = origin.dropFirst("http://".count)
        guard let colon = place.lastIndex(of: ":") else { return false }
        let host = place[..<colon]
        return host.hasSuffix(".\(Passkey.relyingParty)")
            && host.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2E }
            && UInt16(place[place.index(after: colon)...]) != nil
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        text.utf8.count <= limit ? Base64.decode(text, isURL: true) : nil
    }

    private static func base64url(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
