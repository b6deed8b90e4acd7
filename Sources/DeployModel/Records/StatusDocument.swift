/// `status.json`, and what `pinfold status --json` prints. Fields are added, never renamed or removed, within one schema number.
package struct StatusDocument: Codable, Hashable, Sendable {
    package static let currentSchema = 1

    package var schema = StatusDocument.currentSchema
    /// Counts up with every change; what waits for a change asks for a later one.
    package var revision: Int
    package var updated: Timestamp
    package var branch: String
    package var target: String
    /// The branch's commit as last seen.
    package var tip: CommitID?
    /// What the running server runs from.
    package var deployed: DeployedVersion?
    package var lastKnownGood: DeployedVersion?
    /// The deployment under way or waiting.
    package var current: Deployment?
    /// The one that ended last.
    package var last: Deployment?
    /// The highest number that a deployment has been given.
    package var lastNumber: Int?
    package var waiting: Waiting?
    package var hold: Hold?
    package var quarantine: [Quarantine]
    /// The rules in force, in words: what is tested, what needs approval, how strong the verdict is.
    package var rules: [String]
    /// What is wrong now, in words: a full disk, a push that failed, a flag file that somebody removed.
    package var warnings: [String]
    /// The one of them that is about a push, for those alone who may know of pushes.
    package var pushWarning: String?

    package init(revision: Int, updated: Timestamp, branch: String, target: String) {
        self.revision = revision
        self.updated = updated
        self.branch = branch
        self.target = target
        quarantine = []
        rules = []
        warnings = []
    }

    /// A version that runs or ran.
    package struct DeployedVersion: Codable, Hashable, Sendable {
        package var deployment: Int
        package var commit: CommitID
        package var tree: String
        package var release: String?
        package var since: Timestamp
        /// The deployment that first brought this version; another than `deployment` where that was a rollback.
        package var origin: Int

        package init(deployment: Int, commit: CommitID, tree: String, release: String?, since: Timestamp, origin: Int) {
            self.origin = origin
            self.deployment = deployment
            self.commit = commit
            self.tree = tree
            self.release = release
            self.since = since
        }

        /// nil where its tree is not known, so that it never was deployed.
        package init?(_ deployment: Deployment, since: Timestamp) {
            guard let tree = deployment.tree else { return nil }
            self.init(
                deployment: deployment.id, commit: deployment.commit, tree: tree, release: deployment.release, since: since,
                origin: deployment.kind.origin ?? deployment.id)
        }
    }

    /// What a human is asked; the flag file holds the same in words.
    package struct Waiting: Codable, Hashable, Sendable {
        package var deployment: Int
        package var commit: CommitID
        package var tree: String
        package var reasons: [ApprovalReason]
        package var files: [String]
        package var since: Timestamp
        /// The commands that answer.
        package var answers: [String]
        /// Who has answered, and who may.
        package var approval: ApprovalProgress?

        package init(
            deployment: Int, commit: CommitID, tree: String, reasons: [ApprovalReason], files: [String], since: Timestamp,
            answers: [String], approval: ApprovalProgress? = nil
        ) {
            self.deployment = deployment
            self.commit = commit
            self.tree = tree
            self.reasons = reasons
            self.files = files
            self.since = since
            self.answers = answers
            self.approval = approval
        }
    }
}
