/// Who has to agree: pure, so that a table tests it.
package enum ApprovalRule {
    /// What the rule looks at.
    package struct Facts: Sendable {
        /// Whether the settings ask for approval of changes to the test surface.
        package var required: Bool
        package var surfaceTouched: Bool
        package var historyRewritten: Bool
        package var testsVanished: Bool
        /// Whether nothing is deployed yet, and the commit that the first deployment is compared with is there but cannot be read.
        package var baselineUnreadable: Bool
        /// Whether something outside the test surface could reach for the verdict, or is too large to be looked through.
        package var hinted: Bool
        /// Whether it brings what stands for something else.
        package var bringsStandIns: Bool
        /// Whether tests passed although they were made to fail, or nobody knows.
        package var testsAreNumb: Bool
        /// Whether the client's page names other hosts than the published one.
        package var clientNamesHosts: Bool
        /// Whether the client's service worker appears or vanishes.
        package var serviceWorkerChanges: Bool
        /// Whether it changes files that the approval policy names.
        package var policyNamesPaths: Bool

        package init(
            required: Bool, surfaceTouched: Bool, historyRewritten: Bool, testsVanished: Bool, baselineUnreadable: Bool,
            hinted: Bool, bringsStandIns: Bool, testsAreNumb: Bool, clientNamesHosts: Bool = false,
            serviceWorkerChanges: Bool = false, policyNamesPaths: Bool = false
        ) {
            self.required = required
            self.surfaceTouched = surfaceTouched
            self.historyRewritten = historyRewritten
            self.testsVanished = testsVanished
            self.baselineUnreadable = baselineUnreadable
            self.hinted = hinted
            self.bringsStandIns = bringsStandIns
            self.testsAreNumb = testsAreNumb
            self.clientNamesHosts = clientNamesHosts
            self.serviceWorkerChanges = serviceWorkerChanges
            self.policyNamesPaths = policyNamesPaths
        }
    }

    /// The reasons for asking a human; none means that nobody is asked.
    ///
    /// A rewritten history is asked about whatever the settings say about tests: it takes away what was agreed to before. So is a first
    /// deployment that cannot be compared with what was agreed to. And so is what stands for something else: no test needs to have missed it;
    /// and what tests have passed that notice no failure: that is no change of tests.
    package static func reasons(_ facts: Facts) -> [ApprovalReason] {
        var reasons: [ApprovalReason] = []
        if facts.required, facts.surfaceTouched { reasons.append(.testSurface) }
        if facts.required, facts.testsVanished { reasons.append(.testsVanished) }
        if facts.required, facts.hinted { reasons.append(.hints) }
        if facts.historyRewritten { reasons.append(.historyRewritten) }
        if facts.baselineUnreadable { reasons.append(.baselineUnreadable) }
        if facts.bringsStandIns { reasons.append(.standIns) }
        if facts.testsAreNumb { reasons.append(.numbTests) }
        // No test sees what a page makes a browser do.
        if facts.clientNamesHosts { reasons.append(.clientHosts) }
        if facts.serviceWorkerChanges { reasons.append(.serviceWorker) }
        if facts.policyNamesPaths { reasons.append(.policyPaths) }
        return reasons
    }

    /// Why `approval` does not allow the switch to this commit and tree now; nil where it does.
    package static func objection(
        to approval: Approval?, commit: CommitID, tree: String, newestTip: CommitID
    ) -> String? {
        guard let approval else { return "nobody has approved it" }
        if approval.commit != commit { return "the approval is for \(approval.commit.short), not for \(commit.short)" }
        if approval.tree != tree { return "the approval is for another tree than the one that was tested" }
        if newestTip != commit { return "the approval is void: \(newestTip.short) is newer" }
        // An approval that this very deployment used up is still its own: a restart between use and switch loses nothing.
        return nil
    }

    /// Why nobody may deploy by force; nil where root may.
    package static func objection(
        toForceBecause reason: String?, by policy: Result<ApprovalPolicy, PolicyFault>
    ) -> DeployError? {
        switch policy {
        case .failure(let fault): return .refused("nothing is forced while the approval policy cannot be read: \(fault)")
        case .success(let policy):
            guard policy.rootMayForce else {
                return .forbidden("the approval policy gives nobody force: it has no [force] section")
            }
            guard policy == .rootAlone || reason?.contains(where: { !$0.isWhitespace }) == true else {
                return .usage("with an approval policy force needs a reason, which is kept: --reason TEXT")
            }
            return nil
        }
    }

    /// Why what was answered to a deployment does not allow it by the policy of this moment; nil where it does.
    package static func objection(
        to deployment: Deployment, by policy: Result<ApprovalPolicy, PolicyFault>, at now: Timestamp
    ) -> String? {
        let inForce: ApprovalPolicy
        switch policy {
        case .failure(let fault): return "the approval policy cannot be read: \(fault)"
        case .success(let read): inForce = read
        }
        if deployment.forcedBy != nil {
            return inForce.rootMayForce ? nil : "the approval policy gives nobody force: it has no [force] section"
        }
        // An older daemon recorded no more than that root agreed.
        if deployment.answers == nil { return inForce == .rootAlone ? nil : "it was approved before there was an approval policy" }
        let standing = ApprovalStanding(of: deployment, by: inForce, at: now)
        guard let lack = standing.lack else { return nil }
        let void = standing.answers.compactMap { answer in answer.void.map { "the answer of \(answer.person) is void: \($0)" } }
        return (void + [lack]).joined(separator: "; ")
    }
}
