package import DeployModel
internal import DurableFiles
internal import PlainText

/// Asks a human where one has to agree. Waiting is this record and the flag file: the step ends, and runs again when an answer or a newer
/// commit arrives.
@Sendable func approve(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("approve", "inside")
    let deployment = work.deployment
    work.deployment.approvalReasons = ApprovalRule.reasons(
        .init(
            required: work.settings.judge.requiresApproval, surfaceTouched: !deployment.surface.isEmpty,
            historyRewritten: deployment.historyRewritten, testsVanished: (deployment.verdict?.vanishedCount ?? 0) > 0,
            baselineUnreadable: work.facts.baselineUnreadable, hinted: deployment.hints != nil,
            bringsStandIns: deployment.standIns?.new.isEmpty == false, testsAreNumb: deployment.bite?.asks == true))
    guard !work.deployment.approvalReasons.isEmpty else { return .done(note: "nobody has to agree") }
    guard let tree = deployment.tree else { throw DeployError.broken("the tree of \(deployment.commit.short) is not known") }
    if ApprovalRule.objection(to: deployment.approval, commit: deployment.commit, tree: tree, newestTip: deployment.commit) == nil {
        return .done(note: deployment.approval.map { "approved by \($0.by)" })
    }
    if let who = deployment.forcedBy {
        // The admin's own word, given with the commit: an approval like any other, in the record.
        work.deployment.approval = Approval(commit: deployment.commit, tree: tree, by: "\(who), by force", at: deployment.updated)
        return .done(note: "forced by \(who)")
    }
    return .waiting(
        reason: "a human has to agree: " + work.deployment.approvalReasons.map(\.sentence).joined(separator: "; "),
        advice:
            "pinfold diff \(deployment.id), then pinfold approve \(deployment.commit.short) or pinfold reject \(deployment.commit.short) --reason …"
    )
}

/// `human_approval_required.flag`: shows the state and is not the state. Removing it approves nothing.
package enum FlagFile {
    package static func text(for deployment: Deployment) -> String {
        var lines = [
            "Commit \(deployment.commit) waits for a human.", "",
            "deployment: \(deployment.id)", "commit: \(deployment.commit)", "tree: \(deployment.tree ?? "")",
            "subject: \((deployment.subject ?? "").plain())", "author: \((deployment.author ?? "").plain())",
            "since: \(deployment.updated)", "",
            "Why:",
        ]
        lines += deployment.approvalReasons.map { "  \($0.rawValue): \($0.sentence)" }
        if !deployment.surface.isEmpty {
            lines += ["", "Changed files that judge the agent:"] + deployment.surface.map { "  \($0.plain())" }
        }
        if let hints = deployment.hints {
            lines += ["", "New in it, outside what judges the agent:"] + hints.lines.map { "  \($0)" }
        }
        if let standIns = deployment.standIns, !standIns.new.isEmpty {
            lines += ["", "Deployed as they are stored, though they stand for something else:"]
            lines += standIns.new.map { "  \($0.plain())" }
        }
        if let verdict = deployment.verdict {
            lines += [
                "",
                "Its tests: \(verdict.passed ? "passed" : "failed") (\(verdict.passedCount) passed, \(verdict.failedCount) failed, \(verdict.skippedCount) skipped)",
            ]
            lines += verdict.vanished.map { "  gone or skipped: \($0.plain())" }
        }
        if let bite = deployment.bite {
            lines +=
                ["Do they notice a failure: \(bite.sentence.plain())"]
                + bite.numb.map { "  passed all the same: \($0.plain())" }
        }
        if let verdict = deployment.verdictWithDeployedSurface {
            lines.append(
                "The same code with the deployed tests: \(verdict.passed ? "passed" : "failed"). \(verdict.reason?.plain() ?? "")"
            )
        }
        lines += [
            "", "Answer with:", "  pinfold diff \(deployment.id)", "  pinfold approve \(deployment.commit)",
            "  pinfold reject \(deployment.commit) --reason \"…\"", "", "Removing this file approves nothing.", "",
        ]
        return lines.joined(separator: "\n")
    }
}
