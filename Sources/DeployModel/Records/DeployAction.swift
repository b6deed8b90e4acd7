/// The seed's deploy action, as asked.
package struct DeployActionRequest: Codable, Hashable, Sendable {
    /// nil: nothing may have to be committed.
    package var commitMessage: String?
    /// Skips human approval. The admin's alone.
    package var forceDeploy: Bool
    /// Why; where there is an approval policy it has to be said.
    package var forceReason: String?

    package init(commitMessage: String?, forceDeploy: Bool = false, forceReason: String? = nil) {
        self.commitMessage = commitMessage
        self.forceDeploy = forceDeploy
        self.forceReason = forceReason
    }
}

/// The seed's deploy action, as answered: exactly its six fields.
package struct DeployAgentCodeOutput: Codable, Hashable, Sendable {
    package var success: Bool
    package var commitHash: String
    package var testsPassed: Bool
    package var humanApprovalRequired: Bool
    package var deployed: Bool
    package var backupLocation: String

    package init(_ deployment: Deployment) {
        deployed = deployment.state == .deployed
        success = deployed
        commitHash = deployment.commit.hex
        testsPassed = deployment.verdict?.passed ?? false
        humanApprovalRequired = !deployment.approvalReasons.isEmpty
        backupLocation = deployment.backup ?? ""
    }
}

extension Deployment {
    /// Whether whoever waits for it need wait no longer: it ended, or it is a human's turn.
    package var isSettled: Bool { state.isEnd || waitsForHuman }

    /// What `pinfold deploy` and `pinfold rollback` end with: 0 deployed, 3 a human's turn, 1 all else.
    package var exitCode: Int32 {
        switch state {
        case .deployed: 0
        case .awaitingApproval: 3
        default: 1
        }
    }
}
