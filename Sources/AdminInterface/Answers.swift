package import DeployModel

// What is answered, beside the records of DeployModel.

/// Past deployments, newest first.
package struct HistoryPage: Codable, Hashable, Sendable {
    package var deployments: [Deployment]
    /// What to ask for as `before` to see older ones; none where there are none.
    package var next: Int?

    package init(deployments: [Deployment], next: Int?) {
        self.deployments = deployments
        self.next = next
    }
}

/// What was asked, answered and refused, newest first.
package struct EventList: Codable, Hashable, Sendable {
    package var events: [Event]

    package init(events: [Event]) {
        self.events = events
    }
}

/// A piece of a deployment's output.
package struct LogPage: Codable, Hashable, Sendable {
    /// As tests and builds wrote it: escape it with `plain(lines: true)` before a terminal sees it.
    package var text: String
    /// Where the next piece starts, in bytes.
    package var next: Int
    /// Whether nothing comes after this piece.
    package var complete: Bool

    package init(text: String, next: Int, complete: Bool) {
        self.text = text
        self.next = next
        self.complete = complete
    }
}

/// What was done, where nothing else is to be told.
package struct Acknowledgement: Codable, Hashable, Sendable {
    package var message: String

    package init(message: String) {
        self.message = message
    }
}

/// Whether a file of the tree judges the agent.
package struct SurfaceAnswer: Codable, Hashable, Sendable {
    package var path: String
    package var judges: Bool
    /// Why it does, in a sentence; none where it does not.
    package var reason: String?
    /// The version whose tests were looked at; none where nothing is deployed and no baseline is known.
    package var base: CommitID?

    package init(path: String, reason: String?, base: CommitID?) {
        self.path = path
        judges = reason != nil
        self.reason = reason
        self.base = base
    }
}
