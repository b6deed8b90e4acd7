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

    /// Whether a newer commit waits for its end, where it would supersede one that has not come so far.
    package var outlastsNewer: Bool {
        switch self {
        case .deploying, .reloading, .checking: true
        default: false
        }
    }

    /// The states that may follow. What is in nobody's list cannot happen, whatever order the steps are in: it is not recorded.
    package var successors: Set<DeploymentState> {
        switch self {
        // A way back has nothing to test, and what is only reloaded nothing to deploy.
        case .detected: [.testing, .deploying, .reloading, .failed, .rejected, .superseded]
        // Up to the switch it begins again where somebody has cleared its tree away.
        case .testing: [.detected, .awaitingApproval, .backingUp, .failed, .superseded]
        case .awaitingApproval: [.detected, .backingUp, .failed, .rejected, .superseded]
        case .backingUp: [.detected, .deploying, .failed, .superseded]
        // An error in the middle of the switch leads back, whose state is that of a check. At the switch an approval may turn out void: asked again.
        case .deploying: [.detected, .awaitingApproval, .reloading, .checking, .failed, .superseded]
        // Where the target turns out, at a start, to be something else, it is switched to again; what is only reloaded gives way to a way back.
        case .reloading: [.deploying, .checking, .failed, .superseded, .rolledBack]
        case .checking: [.deploying, .deployed, .failed, .superseded, .rolledBack]
        case .deployed: [.rolledBack]
        case .failed, .rejected, .superseded, .rolledBack: []
        }
    }
}
