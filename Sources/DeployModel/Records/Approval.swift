/// The yes of everybody who is needed, for exactly one commit and one tree, used once.
package struct Approval: Codable, Hashable, Sendable {
    package var commit: CommitID
    package var tree: String
    package var by: String
    package var at: Timestamp
    /// When the switch used it up.
    package var used: Timestamp?

    package init(commit: CommitID, tree: String, by: String, at: Timestamp) {
        self.commit = commit
        self.tree = tree
        self.by = by
        self.at = at
    }
}

/// Why a human has to agree to a deployment.
package enum ApprovalReason: String, Codable, Hashable, Sendable, CaseIterable {
    case testSurface = "test_surface"
    case historyRewritten = "history_rewritten"
    case testsVanished = "tests_vanished"
    case standIns = "stand_ins"
    case baselineUnreadable = "baseline_unreadable"
    case hints
    case numbTests = "numb_tests"
    case clientHosts = "client_hosts"
    case serviceWorker = "service_worker"
    case policyPaths = "policy_paths"

    package var sentence: String {
        switch self {
        case .testSurface: "it changes what judges the agent's work"
        case .historyRewritten: "its history no longer contains what is deployed"
        case .testsVanished: "tests that passed for the deployed version are gone or skipped"
        case .standIns:
            "it brings what stands for something else and is served as it is stored: pointers of Git LFS or git-annex, submodules, encrypted or recoded files"
        case .baselineUnreadable: "what it has to be compared with is not known: deployments/baseline cannot be read"
        case .numbTests: "its tests did not fail when they were made to, or it is not known whether they do"
        case .clientHosts: "its client's page names hosts that the published one does not"
        case .serviceWorker:
            "its client has a service worker that the published one has not, or has it no more: browsers keep one when the page is gone"
        case .policyPaths: "it changes files that the approval policy names"
        case .hints: "it has new lines or files that could reach for what judges it"
        }
    }
}

/// Somebody's stop for new deployments.
package struct Hold: Codable, Hashable, Sendable {
    package var reason: String
    package var by: String
    package var since: Timestamp

    package init(reason: String, by: String, since: Timestamp) {
        self.reason = reason
        self.by = by
        self.since = since
    }
}

/// A commit that was rolled back and is not deployed again until an admin lifts this.
package struct Quarantine: Codable, Hashable, Sendable {
    package var commit: CommitID
    package var tree: String
    /// The version that was gone back to.
    package var good: CommitID?
    package var reason: String
    package var since: Timestamp

    package init(commit: CommitID, tree: String, good: CommitID?, reason: String, since: Timestamp) {
        self.commit = commit
        self.tree = tree
        self.good = good
        self.reason = reason
        self.since = since
    }
}
