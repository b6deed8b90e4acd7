/// What a browser gives for a passkey over a challenge, which is the digest of the answer's text. Bytes as base64url.
/// See: W3C Web Authentication, section 7.2
package struct PasskeyAssertion: Codable, Hashable, Sendable {
    /// Which passkey: the credential's id.
    package var id: String
    package var clientData: String
    package var authenticatorData: String
    package var signature: String
    /// Where the page was that asked for it, as the page's own server says.
    package var origin: String

    package init(id: String, clientData: String, authenticatorData: String, signature: String, origin: String) {
        self.id = id
        self.clientData = clientData
        self.authenticatorData = authenticatorData
        self.signature = signature
        self.origin = origin
    }
}

extension Passkey {
    /// What every passkey is made for: the name above those of all sessions of the review page, which are used once each.
    package static let relyingParty = "pinfold.localhost"
}
