/// What a person signs: everything that the answer is for, a line each, so that it fits nothing else.
package struct AnswerText: Hashable, Sendable {
    /// OpenSSH's namespace of these signatures: none made for a file or a commit is one.
    package static let namespace = "pinfold-answer"

    package var verdict: PersonAnswer.Verdict
    package var deployment: Int
    package var commit: CommitID
    package var tree: String
    package var base: CommitID?
    package var policy: String
    package var shown: String?
    /// How many answers to it are void. Each that becomes so makes this another text: whoever's answer it was has to sign anew, and what they
    /// signed before fits nothing any more. To compare signatures would not do, since another one can be made from an ECDSA signature.
    package var voided: Int
    /// Of a rejection.
    package var reason: String?

    package init(
        _ verdict: PersonAnswer.Verdict, deployment: Int, commit: CommitID, tree: String, base: CommitID?, policy: String,
        shown: String?, voided: Int, reason: String? = nil
    ) {
        self.verdict = verdict
        self.deployment = deployment
        self.commit = commit
        self.tree = tree
        self.base = base
        self.policy = policy
        self.shown = shown
        self.voided = voided
        self.reason = reason
    }

    /// nil where its tree is not known.
    package init?(
        _ verdict: PersonAnswer.Verdict, on deployment: Deployment, by policy: ApprovalPolicy, at now: Timestamp,
        reason: String? = nil
    ) {
        guard let tree = deployment.tree else { return nil }
        self.init(
            verdict, deployment: deployment.id, commit: deployment.commit, tree: tree, base: deployment.base,
            policy: policy.digest, shown: deployment.shown,
            voided: ApprovalStanding(of: deployment, by: policy, at: now).answers.voided, reason: reason)
    }

    /// nil where the status does not say what is asked: an older daemon's.
    package init?(_ verdict: PersonAnswer.Verdict, on waiting: StatusDocument.Waiting, reason: String? = nil) {
        guard let approval = waiting.approval else { return nil }
        self.init(
            verdict, deployment: waiting.deployment, commit: waiting.commit, tree: waiting.tree, base: approval.base,
            policy: approval.policy, shown: approval.surfaceDigest, voided: approval.answers.voided, reason: reason)
    }

    /// A reason has lines of its own, so it stands last.
    package var text: String {
        let lines = [
            "pinfold answer 1", "decision: \(verdict.rawValue)", "deployment: \(deployment)", "commit: \(commit)", "tree: \(tree)",
            "base: \(base?.hex ?? "none")", "policy: \(policy)", "surface: \(shown ?? "none")",
            "void: \(voided)",
        ]
        return lines.joined(separator: "\n") + "\n" + (reason.map { "reason: \($0)\n" } ?? "")
    }
}
