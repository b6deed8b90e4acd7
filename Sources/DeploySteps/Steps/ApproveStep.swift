internal import DeployModel

/// Asks people where somebody has to agree. Waiting is this record and the flag file: the step ends, and runs again when enough have
/// answered or a newer commit arrives.
@Sendable func approve(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("approve", "inside")
    let policy = work.settings.policy.read()
    work.deployment.approvalReasons = work.reasonsForAsking(policy)
    let deployment = work.deployment
    guard !deployment.approvalReasons.isEmpty else { return .done(note: "nobody has to agree") }
    guard let tree = deployment.tree else { throw DeployError.broken("the tree of \(deployment.commit.short) is not known") }
    work.deployment.shown = deployment.shownDigest
    if let who = deployment.forcedBy, deployment.approval == nil {
        // The admin's own word, given with the commit: an approval like any other, in the record.
        work.deployment.approval = Approval(commit: deployment.commit, tree: tree, by: "\(who), by force", at: deployment.updated)
    }
    let objection =
        ApprovalRule.objection(to: work.deployment.approval, commit: deployment.commit, tree: tree, newestTip: deployment.commit)
        ?? ApprovalRule.objection(to: work.deployment, by: policy, at: Clock.now)
    guard let objection else {
        return .done(note: deployment.forcedBy == nil ? "a human has agreed" : "forced: no human was asked")
    }
    return work.ask(policy, because: deployment.approval == nil ? nil : objection)
}

extension Work {
    /// Why somebody has to agree, by what is known of the deployment now and by the policy of this moment.
    func reasonsForAsking(_ policy: Result<ApprovalPolicy, PolicyFault>) -> [ApprovalReason] {
        // A policy that cannot be read may name anything.
        let isNamed = (try? policy.get().asks(about: deployment)) ?? true
        return ApprovalRule.reasons(
            .init(
                required: settings.judge.requiresApproval, surfaceTouched: !deployment.surface.isEmpty,
                historyRewritten: deployment.historyRewritten, testsVanished: (deployment.verdict?.vanishedCount ?? 0) > 0,
                baselineUnreadable: facts.baselineUnreadable, hinted: deployment.hints != nil,
                bringsStandIns: deployment.standIns?.new.isEmpty == false, testsAreNumb: deployment.bite?.asks == true,
                clientNamesHosts: deployment.client?.newHosts.isEmpty == false,
                serviceWorkerChanges: deployment.client?.serviceWorker != nil, policyNamesPaths: isNamed))
    }

    /// A human's turn, for the first time or once more. What was forced and may not be is no question.
    /// - Parameter objection: why what was answered does not do; nil where nobody has answered.
    mutating func ask(_ policy: Result<ApprovalPolicy, PolicyFault>, because objection: String?) -> StepOutcome {
        if let objection, deployment.forcedBy != nil {
            return .stopped(.failed, reason: objection, advice: "`pinfold deploy` without force asks whom the policy names")
        }
        if let policy = try? policy.get(), deployment.answers != nil {
            deployment.answers = ApprovalStanding(of: deployment, by: policy, at: Clock.now).answers
        }
        let (id, commit) = (deployment.id, deployment.commit.short)
        let why = deployment.approvalReasons.map(\.sentence).joined(separator: "; ")
        return .waiting(
            reason: (objection == nil ? "" : "it was agreed to, and that counts no more; ") + "a human has to agree: \(why)",
            advice: "pinfold diff \(id), then pinfold approve \(commit) or pinfold reject \(commit) --reason …")
    }
}
