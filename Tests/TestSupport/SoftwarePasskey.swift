import Foundation

/// A passkey whose key OpenSSL makes, and which signs what an authenticator would.
package struct SoftwarePasskey: Sendable {
    private let directory: String
    /// As the credential's id and public key stand in a policy, both base64url.
    package let id: String
    package let publicKey: String

    package init(in directory: String, number: UInt8 = 7) throws {
        self.directory = directory
        try makeDirectories(directory)
        let key = directory + "/key"
        try run("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key]).requireSuccess()
        try run("openssl", ["pkey", "-in", key, "-pubout", "-outform", "DER", "-out", key + ".pub"]).requireSuccess()
        id = base64url([UInt8](repeating: number, count: 32))
        publicKey = base64url(try readBytes(key + ".pub"))
    }

    package struct Assertion: Sendable {
        package let clientData: String
        package let authenticatorData: String
        package let signature: String
    }

    /// - Parameters:
    ///   - challenge: base64url.
    ///   - flags: 5: somebody was there, and proved who they are.
    package func sign(
        challenge: String, type: String = "webauthn.get", origin: String, site: String = "pinfold.localhost", flags: UInt8 = 5,
        more: String = ""
    ) throws -> Assertion {
        let client = "{\"type\":\"\(type)\",\"challenge\":\"\(challenge)\",\"origin\":\"\(origin)\"\(more)}"
        let data = try sha256(Array(site.utf8)) + [flags, 0, 0, 0, 0]
        try writeBytes(directory + "/signed", data + sha256(Array(client.utf8)))
        try run(
            "openssl", ["dgst", "-sha256", "-sign", directory + "/key", "-out", directory + "/signature", directory + "/signed"]
        )
        .requireSuccess()
        return Assertion(
            clientData: base64url(Array(client.utf8)), authenticatorData: base64url(data),
            signature: base64url(try readBytes(directory + "/signature")))
    }

    private func sha256(_ bytes: [UInt8]) throws -> [UInt8] {
        try writeBytes(directory + "/hashed", bytes)
        try run("openssl", ["dgst", "-sha256", "-binary", "-out", directory + "/hash", directory + "/hashed"]).requireSuccess()
        return try readBytes(directory + "/hash")
    }
}

/// RFC 4648 for addresses, without padding.
package func base64url(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}
