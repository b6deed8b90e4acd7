internal import DeployModel

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
            bringsStandIns: deployment.standIns?.new.isEmpty == false, testsAreNumb: deployment.bite?.asks == true,
            clientNamesHosts: deployment.client?.newHosts.isEmpty == false,
            serviceWorkerChanges: deployment.client?.serviceWorker != nil))
    guard !work.deployment.approvalReasons.isEmpty else { return .done(note: "nobody has to agree") }
    guard let tree = deployment.tree else { throw DeployError.broken("the tree of \(deployment.commit.short) is not known") }
    if ApprovalRule.objection(to: deployment.approval, commit: deployment.commit, tree: tree, newestTip: deployment.commit) == nil {
        return .done(note: "a human has agreed")
    }
    if let who = deployment.forcedBy {
        // The admin's own word, given with the commit: an approval like any other, in the record.
        work.deployment.approval = Approval(commit: deployment.commit, tree: tree, by: "\(who), by force", at: deployment.updated)
        return .done(note: "forced: no human was asked")
    }
    return .waiting(
        reason: "a human has to agree: " + work.deployment.approvalReasons.map(\.sentence).joined(separator: "; "),
        advice:
            "pinfold diff \(deployment.id), then pinfold approve \(deployment.commit.short) or pinfold reject \(deployment.commit.short) --reason …"
    )
}
