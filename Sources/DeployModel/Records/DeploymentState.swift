/// Where a deployment is, as people and `status.json` see it.
package enum DeploymentState: String, Codable, Hashable, Sendable, CaseIterable {
    case detected
    case testing
    case awaitingApproval = "awaiting_approval"
    case backingUp = "backing_up"
    case deploying
    case reloading
    case checking
    case deployed
    case failed
    case rejected
    case superseded
    case rolledBack = "rolled_back"

    /// Whether nothing more happens to it of itself. A deployed one can still be rolled back.
    package var isEnd: Bool {
        switch self {
        case .deployed, .failed, .rejected, .superseded, .rolledBack: true
        default: false
        }
    }

    /// Whether the running version may have been touched: from here on a newer commit no longer supersedes it, it ends first.
    package var touchesTarget: Bool {
        switch self {
        case .deploying, .reloading, .checking: true
        default: false
        }
    }

    /// The states that may follow. What is in nobody's list cannot happen, whatever order the steps are in.
    package var successors: Set<DeploymentState> {
        switch self {
        // A reload has nothing to test, to ask or to back up.
        case .detected: [.testing, .awaitingApproval, .backingUp, .reloading, .failed, .superseded, .rejected]
        case .testing: [.awaitingApproval, .backingUp, .failed, .superseded, .rejected]
        case .awaitingApproval: [.backingUp, .failed, .rejected, .superseded]
        case .backingUp: [.deploying, .awaitingApproval, .failed, .superseded, .rejected]
        case .deploying: [.reloading, .failed, .superseded, .rolledBack]
        case .reloading: [.checking, .failed, .rolledBack]
        case .checking: [.deployed, .failed, .rolledBack]
        case .deployed: [.rolledBack]
        case .failed, .rejected, .superseded, .rolledBack: []
        }
    }
}

/// A step of the pipeline, by the name that records carry.
package enum Stage: String, Codable, Hashable, Sendable, CaseIterable {
    case takeIn = "take_in"
    case export
    case classify
    case test
    case approve
    case backUp = "back_up"
    case build
    case `switch`
    case reload
    case check
    /// Going back to the last known good version after a failed reload or check.
    case goBack = "go_back"
    case push

    /// Whether what the server runs may change in this step.
    package var touchesTarget: Bool {
        switch self {
        case .takeIn, .export, .classify, .test, .approve, .backUp, .build, .push: false
        case .switch, .reload, .check, .goBack: true
        }
    }

    /// The state that a deployment is in while this step runs.
    package var state: DeploymentState {
        switch self {
        case .takeIn, .export, .classify: .detected
        case .test: .testing
        case .approve: .awaitingApproval
        case .backUp: .backingUp
        case .build, .switch: .deploying
        case .reload: .reloading
        case .check, .goBack: .checking
        case .push: .deployed
        }
    }
}
