package import Patterns

/// Who may answer for which changes, and how many of them it takes: root's decision, as its file says it.
package struct ApprovalPolicy: Hashable, Sendable {
    /// In the file's order.
    package var people: [Person] = []
    package var groups: [String: [String]] = [:]
    /// For each thing that is asked about the first that matches counts. The last one matches everything.
    package var rules: [Rule]
    /// Whether root may deploy what nobody has agreed to.
    package var rootMayForce = false
    /// Tells two policies apart; an answer that was given under another one does not count.
    package var digest: String

    /// Who is root on the machine, by the kernel's word; nobody in particular.
    package static let root = "root"

    /// What counts where there is no file.
    package static let rootAlone = ApprovalPolicy(
        rules: [Rule(name: "root", from: [root])], rootMayForce: true, digest: "none")

    package init(rules: [Rule], rootMayForce: Bool = false, digest: String) {
        self.rules = rules
        self.rootMayForce = rootMayForce
        self.digest = digest
    }

    package struct Person: Hashable, Sendable {
        package let name: String
        /// Names and addresses that commits of theirs bear, in small letters.
        package var authors: [String] = []
        package var keys: [SSHKey] = []
        package var passkeys: [Passkey] = []

        /// Whether they have anything to answer with then.
        func canAnswer(at now: Timestamp) -> Bool {
            keys.contains { $0.objection(at: now) == nil } || passkeys.contains { $0.objection(at: now) == nil }
        }
    }

    package struct Rule: Hashable, Sendable {
        package let name: String
        package var line = 0
        /// Any of these paths; each change of one is asked about.
        package var paths: [Glob] = []
        /// Any of these reasons.
        package var reasons: [ApprovalReason] = []
        /// People, groups, or `root`.
        package var from: [String]
        package var need = 1
        /// How long an answer counts; nil for as long as it waits.
        package var expires: Int64?

        /// The patterns as they were written.
        package var pathTexts: [String] { paths.map(\.description) }

        /// Whether it is about everything.
        package var matchesAll: Bool { paths.isEmpty && reasons.isEmpty }
    }

    package func person(_ name: String) -> Person? { people.first { $0.name == name } }

    /// Those whom a rule names, each once, in the rule's order.
    package func names(from rule: Rule) -> [String] {
        var names: [String] = []
        for entry in rule.from.flatMap({ groups[$0] ?? [$0] }) where !names.contains(entry) { names.append(entry) }
        return names
    }

    /// Rules that fewer people can meet than they need, with why: nothing that they are about would ever be deployed.
    package func unmeetable(at now: Timestamp) -> [(rule: Rule, why: String)] {
        rules.compactMap { rule in
            let able = names(from: rule).filter { $0 == Self.root || person($0)?.canAnswer(at: now) == true }
            guard able.count < rule.need else { return nil }
            let who = able.isEmpty ? "nobody" : able.joined(separator: " and ")
            return (rule, "it needs \(rule.need), and only \(who) can answer: others have no key and no passkey that counts now")
        }
    }
}

extension ApprovalPolicy.Rule {
    /// - Parameter path: from the tree's top.
    func names(_ path: [UInt8]) -> Bool {
        let components = path.split(separator: UInt8(ascii: "/")).map(Array.init)
        return paths.contains { $0.matches(components) }
    }
}

/// A public key of somebody's, as `ssh-keygen` prints it.
package struct SSHKey: Hashable, Sendable {
    package let type: String
    package let base64: String
    /// Letters of `base64` that are this key's alone.
    package let mark: String
    package let comment: String?
    package var validity: Validity

    /// As `authorized_keys` and `allowed_signers` have it.
    package var line: String { "\(type) \(base64)" }
    /// For people: enough to tell it from the others.
    package var label: String { "\(type) …\(mark)" + (comment.map { " (\($0))" } ?? "") }

    /// Why it does not count then; nil where it does.
    package func objection(at now: Timestamp) -> String? { validity.objection(to: "the key \(label)", at: now) }
}

/// When something that people answer with counts; nil: from ever, for ever.
package struct Validity: Hashable, Sendable {
    package var after: Timestamp?
    package var before: Timestamp?

    func objection(to what: String, at now: Timestamp) -> String? {
        if let after, now < after { return "\(what) counts from \(after) on" }
        if let before, now >= before { return "\(what) has expired on \(before)" }
        return nil
    }
}

/// A passkey: what a browser said when it was made. Of kind ES256.
package struct Passkey: Hashable, Sendable {
    /// The credential's id and its public key (SubjectPublicKeyInfo), both base64url.
    package let id: String
    package let publicKey: String
    package let comment: String?
    package var validity: Validity

    /// Why it does not count then; nil where it does.
    package func objection(at now: Timestamp) -> String? { validity.objection(to: "the \(label)", at: now) }

    package var label: String { "passkey …\(id.suffix(8))" + (comment.map { " (\($0))" } ?? "") }
}
