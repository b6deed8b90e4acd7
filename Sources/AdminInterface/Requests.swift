// What is sent along.

/// The body of a request: with these fields and no others.
package protocol RequestContent: Decodable, Sendable {
    associatedtype CodingKeys: CodingKey, CaseIterable
}

/// The deploy action with the seed's names: what is not said is not forced.
package struct DeployAgentCodeInput: Codable, Hashable, RequestContent {
    package enum CodingKeys: CodingKey, CaseIterable { case commitMessage, forceDeploy }

    /// None where there is nothing to commit: with a change it is refused.
    package var commitMessage: String?
    package var forceDeploy: Bool?

    package init(commitMessage: String?, forceDeploy: Bool? = nil) {
        self.commitMessage = commitMessage
        self.forceDeploy = forceDeploy
    }
}

/// Why somebody rejects a commit or holds deployments.
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
    /// How many seconds an answer may be put off until there is news: `deployment`, `status`, `log`.
    package static let wait = "wait"
    /// The revision that is known already; the answer waits for a later one: `status`.
    package static let after = "after"
    /// How many entries at most: `history`, `events`; how many bytes: `log`.
    package static let limit = "limit"
    /// Only deployments with smaller ids: `history`.
    package static let before = "before"
    /// Only deployments in that state: `history`.
    package static let state = "state"
    /// What a change is looked at against, a `DiffBase`: `diff`.
    package static let against = "against"
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

    /// The most bytes of output in one answer.
    package static let longestOutput = 1 << 20

    /// The parameters that a route knows.
    package static func names(of route: Route) -> [String] {
        switch route {
        case .deployment: [wait]
        case .status: [after, wait]
        case .history: [limit, before, state]
        case .diff: [against]
        case .events: [limit]
        case .log: [from, limit, wait]
        case .surface: [path]
        default: []
        }
    }
}
