package import DeployModel

// What is sent along.

/// The body of a request: with these fields and no others.
package protocol RequestContent: Decodable, Sendable {
    associatedtype CodingKeys: CodingKey, CaseIterable
}

/// The deploy action with the seed's names: what is not said is not forced.
package struct DeployAgentCodeInput: Codable, Hashable, RequestContent {
    package enum CodingKeys: CodingKey, CaseIterable { case commitMessage, forceDeploy, forceReason }

    /// None where there is nothing to commit: with a change it is refused.
    package var commitMessage: String?
    package var forceDeploy: Bool?
    /// Why it is forced.
    package var forceReason: String?

    package init(commitMessage: String?, forceDeploy: Bool? = nil, forceReason: String? = nil) {
        self.commitMessage = commitMessage
        self.forceDeploy = forceDeploy
        self.forceReason = forceReason
    }
}

/// Somebody's yes or no to what waits, with what they had before them and what proves who they are. Without a signature it is the kernel's word:
/// root's.
package struct AnswerRequest: Codable, Hashable, RequestContent {
    package enum CodingKeys: CodingKey, CaseIterable { case reason, expectedTree, surfaceDigest, signature, passkey }

    /// Of a rejection, which needs one.
    package var reason: String?
    /// The tree and the digest of what was shown; where something has moved since, the answer is refused.
    package var expectedTree: String?
    package var surfaceDigest: String?
    /// As `ssh-keygen -Y sign` writes it, of the answer's text.
    package var signature: String?
    /// Instead of it: a passkey's, of the digest of the answer's text.
    package var passkey: PasskeyAssertion?

    package init(
        reason: String? = nil, expectedTree: String? = nil, surfaceDigest: String? = nil, signature: String? = nil,
        passkey: PasskeyAssertion? = nil
    ) {
        self.reason = reason
        self.expectedTree = expectedTree
        self.surfaceDigest = surfaceDigest
        self.signature = signature
        self.passkey = passkey
    }
}

/// Why somebody holds deployments.
package struct ReasonRequest: Codable, Hashable, RequestContent {
    package enum CodingKeys: CodingKey, CaseIterable { case reason }

    package var reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// Where to go back to.
package struct RollbackRequest: Codable, Hashable, RequestContent {
    package enum CodingKeys: CodingKey, CaseIterable { case to }

    /// A deployment's id; none is the last good one before the current.
    package var to: Int?

    package init(to: Int?) {
        self.to = to
    }
}

/// The parameters behind the question mark, by route.
package enum Query {
    /// How many seconds an answer may be put off until there is news: `deployment`, `status`, `log`; for how many it tells them: `stream`.
    package static let wait = "wait"
    /// The revision that is known already; the answer waits for a later one: `status`.
    package static let after = "after"
    /// How many entries at most: `history`, `events`; how many bytes: `log`.
    package static let limit = "limit"
    /// Only deployments with smaller ids: `history`.
    package static let before = "before"
    /// Only deployments in that state: `history`.
    package static let state = "state"
    /// What a change is looked at against, a `DiffBase`: `diff`, `changes`, `changedFile`.
    package static let against = "against"
    /// How many unchanged lines are shown around a change: `diff`, `changedFile`.
    package static let context = "context"
    /// The offset in bytes from which on output is wanted: `log`.
    package static let from = "from"

    /// A path inside the deployed tree: `surface`.
    package static let path = "path"

    /// The longest wait, in seconds: shorter than what people and proxies take for a dead connection.
    package static let longestWait = 30
    /// The most entries of one answer.
    package static let mostEntries = 1000
    /// The same on the agent's socket, which gets fewer where it asks for more: it decides how large its records are, and how often it asks.
    package static let mostEntriesForAgent = 50

    /// The unchanged lines around a change where nobody says how many, and the most.
    package static let usualContext = 3
    package static let mostContext = 1000

    /// The most bytes of output in one answer.
    package static let longestOutput = 1 << 20

    /// The parameters that a route knows.
    package static func names(of route: Route) -> [String] {
        switch route {
        case .deployment, .stream: [wait]
        case .status: [after, wait]
        case .history: [limit, before, state]
        case .diff, .changedFile: [against, context]
        case .changes: [against]
        case .events: [limit]
        case .log: [from, limit, wait]
        case .surface: [path]
        default: []
        }
    }
}
