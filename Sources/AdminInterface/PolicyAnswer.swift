package import DeployModel

/// Who may answer what, and how far the answers to what waits have come.
package struct PolicyAnswer: Codable, Hashable, Sendable {
    package struct Person: Codable, Hashable, Sendable {
        package var name: String
        package var authors: [String]
        /// What they answer with, as people tell them apart.
        package var keys: [String]
        /// The ids of their passkeys, for a browser that is to ask for one.
        package var passkeys: [String]
    }

    package struct Rule: Codable, Hashable, Sendable {
        package var name: String
        /// None of both: it is about everything that no rule before it is about.
        package var paths: [String]
        package var reasons: [ApprovalReason]
        package var from: [String]
        package var need: Int
        package var expiresSeconds: Int?
        /// Why nobody can meet it.
        package var fault: String?

        /// For how long an answer counts, in words: `12 hours`; nil for as long as it waits.
        package var expiry: String? {
            guard let seconds = expiresSeconds else { return nil }
            let units = [(86_400, "day"), (3600, "hour"), (60, "minute")]
            let (length, name) = units.first { seconds % $0.0 == 0 } ?? (1, "second")
            return "\(seconds / length) \(name)\(seconds == length ? "" : "s")"
        }
    }

    /// The file; none where there is none, and root alone may answer.
    package var file: String?
    package var digest: String
    package var people: [Person]
    package var rules: [Rule]
    package var rootMayForce: Bool
    /// Why the file cannot be read, so that nobody's answer counts.
    package var fault: String?
    package var waiting: StatusDocument.Waiting?

    package init(_ read: Result<ApprovalPolicy, PolicyFault>, file: String?, waiting: StatusDocument.Waiting?, at now: Timestamp) {
        self.waiting = waiting
        switch read {
        case .failure(let problem):
            (self.file, digest, people, rules, rootMayForce, fault) = (file, "", [], [], false, "\(problem)")
        case .success(let policy):
            self.file = policy == .rootAlone ? nil : file
            digest = policy.digest
            rootMayForce = policy.rootMayForce
            people = policy.people.map {
                Person(
                    name: $0.name, authors: $0.authors, keys: $0.keys.map(\.label) + $0.passkeys.map(\.label),
                    passkeys: $0.passkeys.map(\.id))
            }
            let unmeetable = policy.unmeetable(at: now)
            rules = policy.rules.map { rule in
                Rule(
                    name: rule.name, paths: rule.pathTexts, reasons: rule.reasons, from: policy.names(from: rule),
                    need: rule.need, expiresSeconds: rule.expires.map { Int($0 / 1000) },
                    fault: unmeetable.first { $0.rule == rule }?.why)
            }
        }
    }
}
