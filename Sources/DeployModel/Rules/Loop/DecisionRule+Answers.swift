internal import PlainText

/// People's answers to the one that waits for them.
extension DecisionRule {
    /// Recorded in the same turn as the last look at the tip: an answer for what is no longer the newest is void at once.
    func approve(_ text: String, _ claim: AnswerClaim, _ caller: Caller) throws -> Ruling {
        do {
            var (deployment, tree, policy) = try asked(text, claim)
            var standing = ApprovalStanding(of: deployment, by: policy, at: at)
            // What has come to count for nothing is so on record from now on.
            deployment.answers = standing.answers
            let wanted = standing.requirements.filter { $0.mayAnswer.contains(claim.person) }
            if wanted.isEmpty {
                guard standing.requirements.contains(where: { $0.given.contains(claim.person) }) else {
                    throw DeployError.forbidden(refusal(of: claim, deployment, policy, standing))
                }
                // Who answers twice counts once.
                return Ruling(.deployment(deployment.id))
            }
            let expires = wanted.compactMap(\.rule.expires).min().map { Timestamp(milliseconds: at.milliseconds + $0) }
            let answer = PersonAnswer(
                .approve, by: claim, of: caller, on: deployment, tree: tree, policy: policy.digest, at: at, expires: expires)
            deployment.answers?.append(answer)
            standing = ApprovalStanding(of: deployment, by: policy, at: at)
            if standing.isMet {
                let by = standing.agreed.map(\.words).joined(separator: "; ")
                deployment.approval = Approval(commit: deployment.commit, tree: tree, by: by, at: at)
                deployment.updated = at
            }
            return Ruling(.deployment(deployment.id), [.save(deployment)])
        } catch let error as DeployError {
            return Ruling(.refused(error))
        }
    }

    /// One is enough: whoever the policy knows, of what they made too, and root.
    func reject(_ text: String, _ claim: AnswerClaim, _ reason: String, _ caller: Caller) throws -> Ruling {
        var deployment: Deployment
        do {
            deployment = try waiting(for: text)
            if claim.proof == .peer {
                try check(claim, deployment)
            } else {
                // Stopping is always safe: no policy that cannot be read is in the way of root's no.
                (deployment, _, _) = try asked(text, claim)
            }
        } catch let error as DeployError {
            return Ruling(.refused(error))
        }
        guard let tree = deployment.tree else { return Ruling(.refused(.broken("its tree is not known"))) }
        let policy = (try? now.policy.get())?.digest ?? ""
        deployment.answers =
            (deployment.answers ?? []) + [
                PersonAnswer(.reject, by: claim, of: caller, on: deployment, tree: tree, policy: policy, at: at)
            ]
        // The reason is the agent's to read; which person it was is in the answers.
        let ending = Ending(.rejected, "\(claim.proof == .peer ? caller.name : "a human"): \(reason)")
        let rejection = Rejection(tree: tree, deployment: deployment.id, commit: deployment.commit, reason: ending.reason ?? "")
        return Ruling(.deployment(deployment.id), RecordChange.end(deployment, ending, at: at) + [.rejection(rejection)])
    }

    /// The agent makes the commits, and can make two whose ids begin alike: one to be reviewed, and another that waits when the answer comes.
    /// The beginning names none of them then.
    private func waiting(for text: String) throws -> Deployment {
        guard let waiting = now.open.first(where: \.waitsForHuman) else {
            throw DeployError.refused("no commit waits for an answer")
        }
        guard let prefix = CommitPrefix(text), prefix.names(waiting.commit.hex) else {
            throw DeployError.refused("\(text.plain()) does not wait for an answer; \(waiting.commit) does")
        }
        if let other = try past.commit(beginning: prefix.digits, but: waiting.commit) {
            throw DeployError.refused(
                "\(prefix) may be \(other) or \(waiting.commit), which waits: look at that one (pinfold diff \(waiting.id)), and give its whole id"
            )
        }
        return waiting
    }

    private func asked(_ text: String, _ claim: AnswerClaim) throws -> (Deployment, tree: String, ApprovalPolicy) {
        let deployment = try waiting(for: text)
        guard let tree = deployment.tree else { throw DeployError.broken("its tree is not known") }
        try check(claim, deployment)
        let policy: ApprovalPolicy
        do {
            policy = try now.policy.get()
        } catch {
            throw DeployError.refused("nobody can agree while the approval policy cannot be read: \(error)")
        }
        if let proven = claim.policy, proven != policy.digest {
            throw DeployError.refused("the approval policy has changed since you looked: review again")
        }
        // Since it was proven: the text that was signed says how many there were.
        if let voided = claim.voided, voided != ApprovalStanding(of: deployment, by: policy, at: at).answers.voided {
            throw DeployError.refused("an answer has become void since you looked: review again")
        }
        guard claim.person == ApprovalPolicy.root || policy.person(claim.person) != nil else {
            throw DeployError.forbidden("\(claim.person.plain()) is nobody whom the approval policy knows")
        }
        return (deployment, tree, policy)
    }

    /// Who answers has to have seen what is asked now.
    private func check(_ claim: AnswerClaim, _ deployment: Deployment) throws(DeployError) {
        if let tree = claim.tree, tree != deployment.tree { throw .refused("the commit moved: review again") }
        if let shown = claim.shown, shown != deployment.shown {
            throw .refused("what is asked has changed since you looked: review again")
        }
    }

    private func refusal(
        of claim: AnswerClaim, _ deployment: Deployment, _ policy: ApprovalPolicy, _ standing: ApprovalStanding
    ) -> String {
        let lack = standing.lack ?? ""
        if policy.hasMade(deployment, claim.person) {
            return "nobody approves what they made, and \(claim.person) made this: \(lack)"
        }
        if claim.person == ApprovalPolicy.root {
            return
                "the approval policy does not ask root: \(lack); who is asked answers with pinfold approve \(deployment.commit.short) --sign KEY"
        }
        return "the approval policy does not ask \(claim.person): \(lack)"
    }
}
