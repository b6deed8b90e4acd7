package import AdminInterface
package import DeployModel
internal import DeploySteps
internal import LinuxSystem
internal import QuietTasks

/// Requests: appended to the decisions on disk, answered by the loop.
extension DeployService {
    /// - Parameter commit: a full id, or a prefix of at least seven digits that fits the one that waits.
    /// - Throws: `.refused` where exactly that commit does not wait, or has moved since it was looked at; `.forbidden` where whoever it is may not
    ///   answer.
    package func answer(
        _ verdict: PersonAnswer.Verdict, _ commit: String, _ request: AnswerRequest, by caller: Caller
    ) async throws(DeployError) -> Deployment {
        let claim = try await claim(verdict, commit, request, by: caller)
        switch verdict {
        case .approve: return try await deployment(of: ask(.approve(commit: commit, by: claim), by: caller))
        case .reject:
            return try await deployment(of: ask(.reject(commit: commit, reason: request.reason ?? "", by: claim), by: caller))
        }
    }

    /// Back to deployment `id`, or to the last good one before the current: the record of the way back, which has only begun.
    package func rollback(to id: Int?, by caller: Caller) async throws(DeployError) -> Deployment {
        try await deployment(of: ask(.rollback(to: id), by: caller))
    }

    /// Makes the server take what is deployed once more: the record of that, which has only begun.
    /// - Throws: `.refused` where nothing is deployed, or something is under way that reloads the server itself.
    package func reload(by caller: Caller) async throws(DeployError) -> Deployment {
        try await deployment(of: ask(.reload, by: caller))
    }

    package func lift(_ commit: String, by caller: Caller) async throws(DeployError) -> Quarantine {
        guard case .quarantine(let entry) = try await ask(.lift(commit: commit), by: caller) else {
            throw .broken("an answer of another kind")
        }
        return entry
    }

    package func hold(reason: String, by caller: Caller) async throws(DeployError) -> Hold {
        guard case .hold(let hold) = try await ask(.hold(reason: reason), by: caller) else {
            throw .broken("an answer of another kind")
        }
        return hold
    }

    package func resume(by caller: Caller) async throws(DeployError) {
        _ = try await ask(.resume, by: caller)
    }

    /// The seed's deploy action: commits what has changed in `code-repo` as the agent's user and git identity, and answers with the
    /// deployment that this started; where nothing has changed, with the one of the branch's commit, tried again if it had failed.
    /// - Throws: `.forbidden`, and records it, where the agent asks for force.
    package func deploy(_ request: DeployActionRequest, by caller: Caller) async throws(DeployError) -> Deployment {
        if request.forceDeploy, caller.role != .admin {
            record(Event(at: Clock.now, who: caller.description, what: "deploy by force", outcome: "refused: force is the admin's"))
            throw .forbidden("force_deploy is the admin's: an agent that may skip human approval has none")
        }
        if request.forceDeploy,
            let error = ApprovalRule.objection(toForceBecause: request.forceReason, by: settings.policy.read())
        {
            throw error
        }
        if let fault = settings.configurationFault {
            throw .refused("nothing was committed, since nothing new is deployed: \(fault); mend that and start the daemon again")
        }
        let source = SourceCommit(settings)
        let departure = self.departure
        let branch = DeployingBranch(settings, store)
        let commit = try await offPool {
            guard let branch = try branch.name() else { throw DeployError.refused("nothing was committed: \(branch.missing)") }
            return try source.commit(request.commitMessage, on: branch) { departure.hasBegun }
        }
        loop.bell.ring()
        return try await deployment(
            of: ask(.deploy(commit: commit, force: request.forceDeploy, because: request.forceReason), by: caller))
    }

    private func deployment(of answer: Answer) throws(DeployError) -> Deployment {
        guard case .deployment(let id) = answer else { throw .broken("an answer of another kind") }
        return try show(id)
    }

    /// Appends the decision, wakes the loop and waits for its answer. The decision stands whether or not anybody still waits.
    private func ask(_ decision: DeployDecision, by caller: Caller) async throws(DeployError) -> Answer {
        if case .reject(_, let reason, _) = decision, reason.allSatisfy(\.isWhitespace) {
            throw .usage("a rejection needs a reason")
        }
        if case .hold(let reason) = decision, reason.allSatisfy(\.isWhitespace) { throw .usage("a hold needs a reason") }
        let id = try store.write { try $0.append(decision, by: caller, at: Clock.now) }
        loop.bell.ring()
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(60)
        while clock.now < deadline, !loop.isStopping {
            let revision = board.signal.revision
            if let answer = try store.read({ try $0.answer(to: id) }) {
                if case .refused(let error) = answer { throw error }
                // The answer is on record a moment before the loop shows it: who asked is not to read a status without it.
                try board.show(store)
                return answer
            }
            await board.signal.wait(after: revision, milliseconds: 500)
        }
        throw .unavailable("the daemon has not answered yet; what was asked is on record and will be answered")
    }
}
