/// A human's no to a tree: it stays, under whatever commit the tree comes again, until an admin asks for it themselves.
package struct Rejection: Codable, Hashable, Sendable {
    package var tree: String
    /// The deployment that was rejected, and its commit.
    package var deployment: Int
    package var commit: CommitID
    /// Who and why, as the record of that deployment has it.
    package var reason: String
    /// How often the same tree was asked for since.
    package var asked = 0

    package init(tree: String, deployment: Int, commit: CommitID, reason: String) {
        self.tree = tree
        self.deployment = deployment
        self.commit = commit
        self.reason = reason
    }

    /// Why the tree that came again is rejected at once, for the time that is counted next.
    package var sentence: String {
        "its tree is that of deployment \(deployment) (\(commit.short)), which was rejected, asked for \(asked + 1) more \(asked == 0 ? "time" : "times") since: \(reason)"
    }
}
