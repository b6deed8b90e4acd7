/// What a rolled-back commit keeps from being deployed: pure, so that a table tests it.
package enum QuarantineRule {
    /// How a candidate stands to a quarantined commit.
    package struct Relation: Sendable {
        /// Whether the candidate's history contains the quarantined commit.
        package var descends: Bool
        /// Whether some commit after it, up to the candidate, has put everything that it changed back to how it was.
        package var reverted: Bool

        package init(descends: Bool, reverted: Bool) {
            self.descends = descends
            self.reverted = reverted
        }
    }

    /// Whether `entry` keeps the candidate back: the commit itself, the same tree under another name, and what is built on it
    /// without reverting it.
    package static func blocks(_ entry: Quarantine, commit: CommitID, tree: String, relation: Relation) -> Bool {
        commit == entry.commit || tree == entry.tree || (relation.descends && !relation.reverted)
    }
}
