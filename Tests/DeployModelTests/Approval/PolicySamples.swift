import DeployModel
import Foundation

/// Three people with a key each, and the policies that name them.
enum PolicySample {
    /// A public key of the right form, another for each number.
    static func key(_ number: UInt8) -> String {
        let name = Array("ssh-ed25519".utf8)
        let bytes = [0, 0, 0, UInt8(name.count)] + name + [0, 0, 0, 32] + [UInt8](repeating: number, count: 32)
        return "ssh-ed25519 " + Data(bytes).base64EncodedString()
    }

    /// A security key's, which ends in its application.
    static func securityKey(_ number: UInt8) -> String {
        let type = "sk-ssh-ed25519@openssh.com"
        let strings = [Array(type.utf8), [UInt8](repeating: number, count: 32), Array("ssh:".utf8)]
        let bytes: [UInt8] = strings.flatMap { string -> [UInt8] in [0, 0, 0, UInt8(string.count)] + string }
        return "\(type) " + Data(bytes).base64EncodedString()
    }

    static let people = """
        [person ada]
        author = ada@example.org
        author = Ada L.
        key = \(key(1)) ada's laptop
        [person ken]
        key = \(key(2))
        [person grace]
        key = \(key(3))
        [group maintainers]
        members = ada, ken, grace
        """

    /// Two of three for everything.
    static let twoOfThree = people + "\n[rule all]\nfrom = maintainers\nneed = 2\nexpires = 1h\n"

    static func policy(_ text: String = twoOfThree, _ digest: String = "p1") throws -> ApprovalPolicy {
        try ApprovalPolicy(parsing: text, digest: digest)
    }

    static func claim(_ person: String, _ policy: ApprovalPolicy) -> AnswerClaim {
        AnswerClaim(
            person: person, proof: .sshsig, key: policy.person(person)?.keys.first?.label, signature: "s", policy: policy.digest)
    }
}
