internal import DeployModel
internal import GitRepository

/// Takes in the commit with everything that it refers to, checked; what is quarantined, or was rejected, goes no further.
@Sendable func takeIn(_ work: inout Work) throws -> StepOutcome {
    let tools = work.tools
    let base = work.facts.base?.objectID
    // A baseline that the mirror does not have yet comes with the candidate, unless the history was rewritten.
    let known: ObjectID? = if let base, try tools.mirror.contains(base) { base } else { nil }
    tools.fault.reach("take_in", "inside")
    let commit = work.deployment.commit.objectID
    let intake = try tools.persistently("taking in") {
        try tools.intake.takeIn(commit, into: tools.mirror, deployed: known) { tools.cancellation.why != nil }
    }
    let summary = intake.commit
    work.deployment.tree = summary.tree.description
    work.deployment.subject = beginning(of: summary.subject)
    work.deployment.author = "\(beginning(of: summary.authorName)) <\(beginning(of: summary.authorEmail))>"
    var rewritten = intake.historyRewritten
    if known == nil, let base { rewritten = try !tools.mirror.contains(base) || !tools.mirror.isAncestor(base, of: summary.id) }
    work.deployment.historyRewritten = rewritten
    for entry in work.facts.quarantine {
        let relation = try relation(of: work.deployment.commit, to: entry, in: tools.mirror, tools.cancellation)
        guard QuarantineRule.blocks(entry, commit: work.deployment.commit, tree: summary.tree.description, relation: relation)
        else {
            continue
        }
        let same = entry.commit == work.deployment.commit
        return .stopped(
            .failed,
            reason: same
                ? "it was rolled back (\(entry.reason)) and is quarantined"
                : "it contains \(entry.commit.short), which was rolled back (\(entry.reason)), without reverting it",
            advice:
                "revert \(entry.commit.short) in a new commit, or let an admin end the quarantine: pinfold lift \(entry.commit.short)"
        )
    }
    if work.deployment.forcedBy == nil,
        let rejection = work.facts.rejections.first(where: { $0.tree == summary.tree.description })
    {
        return .stopped(
            .rejected, reason: rejection.sentence,
            advice: "change what was rejected; an admin's own `pinfold deploy` has the same tree looked at once more")
    }
    var note = "\(intake.objects) objects, \(intake.packBytes) bytes"
    if intake.leftOut > 0 {
        note += "; of its history, not of the commit itself, \(intake.leftOut) files above AGENT_DEPLOY_FILE_LIMIT were left out"
    }
    return .done(note: note)
}

/// What a record, which is kept and shown many times, holds of a text of any length. By scalars: one character may be as long as the text.
func beginning(of text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(200)))
}

/// Whether the candidate is built on a quarantined commit, and whether something between the two has put back what that commit changed.
///
/// By trees and not by the words "This reverts commit": the agent writes the words.
private func relation(
    of candidate: CommitID, to entry: Quarantine, in mirror: GitMirror, _ cancellation: Cancellation
) throws(GitError) -> QuarantineRule.Relation {
    let bad = entry.commit.objectID
    guard try mirror.contains(bad), try mirror.isAncestor(bad, of: candidate.objectID) else {
        return QuarantineRule.Relation(descends: false, reverted: false)
    }
    let good = entry.good?.objectID
    let changed = try mirror.changes(from: good, to: bad)
    guard !changed.isEmpty else { return QuarantineRule.Relation(descends: true, reverted: true) }
    // A commit has reverted it when, of all the paths that the bad one changed, none differs from the good version any more.
    let reverted = try mirror.hasRestored(changed, of: bad, by: candidate.objectID) { cancellation.why != nil }
    return QuarantineRule.Relation(descends: true, reverted: reverted)
}
