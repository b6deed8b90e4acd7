/// A step of the pipeline, by the name that records carry. What of a single step decides how its deployment is dealt with is said here, and
/// nowhere beside the list of steps.
package enum Stage: String, Codable, Hashable, Sendable, CaseIterable {
    case takeIn = "take_in"
    case export
    case classify
    case test
    /// The client, from its sources to what is published.
    case buildClient = "build_client"
    case approve
    case backUp = "back_up"
    case build
    /// Of the client, what nothing names yet.
    case publishAssets = "publish_assets"
    case `switch`
    case reload
    /// The rest of the client, its index last.
    case publishIndex = "publish_index"
    case check
    /// Going back to the last known good version after a failed reload or check.
    case goBack = "go_back"
    case push

    /// The state that a deployment comes to with this step; nil where it keeps the one that it has, until somebody is waited for.
    package var state: DeploymentState? {
        switch self {
        case .takeIn, .export, .classify: .detected
        case .test, .buildClient: .testing
        case .approve: nil
        case .backUp: .backingUp
        case .build, .publishAssets, .switch: .deploying
        case .reload, .publishIndex: .reloading
        case .check, .goBack: .checking
        case .push: .deployed
        }
    }

    /// What a step has to do with what the server runs.
    package enum TargetUse: Hashable, Sendable {
        /// Nothing.
        case none
        /// It makes the target its version: from its mark on, which is written after the last look at what was tested and approved.
        case switches
        /// Its version is in the target, and it is tried how that goes. Nothing is changed there.
        case tries
        /// Its version was in the target, and is taken out again.
        case takesBack
    }

    package var targetUse: TargetUse {
        switch self {
        case .takeIn, .export, .classify, .test, .buildClient, .approve, .backUp, .build, .publishAssets, .push: .none
        case .switch: .switches
        case .reload, .publishIndex, .check: .tries
        case .goBack: .takesBack
        }
    }

    /// Whether it is here that a quarantined commit ends.
    package var refusesQuarantined: Bool { self == .takeIn }

    /// Where a deployment of this kind begins.
    package static func first(of kind: Deployment.Kind) -> Stage {
        switch kind {
        case .commit: .takeIn
        case .rollback: .backUp
        case .reload: .switch
        }
    }
}

/// Where the list of steps leads from one of them.
package struct Way: Hashable, Sendable {
    /// nil after the last one.
    package var next: Stage?
    /// The one that goes back to the last known good version.
    package var back: Stage

    package init(next: Stage?, back: Stage) {
        self.next = next
        self.back = back
    }
}
