internal import PlainText

/// From what somebody asks, and what holds, to what it comes to: pure, so that a table tests it.
package struct DecisionRule<Past: PastDeployments> {
    let now: Standing
    let past: Past
    let at: Timestamp

    package init(_ standing: Standing, _ past: Past, at: Timestamp) {
        now = standing
        self.past = past
        self.at = at
    }

    package func ruling(on open: OpenDecision) throws -> Ruling {
        switch open.decision {
        case .approve(let text, let claim): try approve(text, claim ?? .peer(), open.caller)
        case .reject(let text, let reason, let claim): try reject(text, claim ?? .peer(), reason, open.caller)
        case .rollback(let id, let reason): try rollback(to: id, because: reason, open.caller)
        case .reload: try reload(open.caller)
        case .lift(let text): try lift(text)
        case .hold(let reason): hold(Hold(reason: reason, by: open.caller.description, since: at))
        case .resume: now.hold == nil ? .refused("there is no hold") : Ruling(.done, [.hold(nil)])
        case .deploy(let commit, let force, let reason): try deploy(commit, force: force, because: reason, open.caller)
        }
    }

    private func hold(_ hold: Hold) -> Ruling { Ruling(.hold(hold), [.hold(hold)]) }

    // What is tried once more.

    private func lift(_ text: String) throws -> Ruling {
        let prefix = CommitPrefix(text)
        let entries = now.quarantine.filter { prefix?.names($0.commit.hex) == true }
        guard let entry = entries.first, entries.count == 1 else {
            return Ruling(
                .refused(
                    .notFound(
                        "no quarantined commit, or more than one, begins with \(text.plain()): `pinfold status` lists them")))
        }
        var ruling = Ruling(.quarantine(entry), [.lift(entry.commit)])
        // The branch's commit, where its last try ended for the quarantine's sake.
        if let tip = now.tip, let last = try past.latest(of: tip), last.state.isEnd, last.state != .deployed,
            last.state != .superseded, last.stage.refusesQuarantined || last.commit == entry.commit, now.running?.commit != tip
        {
            ruling.changes.append(.insert(commit(tip, number: now.nextNumber)))
        }
        return ruling
    }

    private func deploy(_ commit: CommitID, force: Bool, because reason: String?, _ caller: Caller) throws -> Ruling {
        if force, let error = ApprovalRule.objection(toForceBecause: reason, by: now.policy) { return Ruling(.refused(error)) }
        let latest = try past.latest(of: commit)
        guard now.tip == commit else {
            guard let latest else { return .refused("\(commit.short) is not the newest commit of the branch any more") }
            return Ruling(.deployment(latest.id))
        }
        var changes: [RecordChange] = []
        var deployment: Deployment
        // What was rejected stays so when the agent asks again, which is counted; when an admin asks, a human looks once more.
        if var rejected = latest, rejected.state == .rejected, let tree = rejected.tree {
            if caller.role == .agent {
                rejected.askedAgain = (rejected.askedAgain ?? 0) + 1
                rejected.updated = at
                return Ruling(.deployment(rejected.id), [.save(rejected), .askedAgain(tree: tree)])
            }
            changes.append(.forgetRejection(tree: tree))
        }
        if let latest, !latest.state.isEnd || latest.state == .deployed {
            deployment = latest
        } else if let running = now.running, running.commit == commit, let current = try past.deployment(running.deployment) {
            return Ruling(.deployment(current.id))
        } else {
            deployment = self.commit(commit, number: now.nextNumber)
            changes.append(.insert(deployment))
        }
        if force, deployment.waitsForHuman, let tree = deployment.tree {
            deployment.approval = Approval(commit: commit, tree: tree, by: "\(caller), by force", at: at)
            deployment.forcedBy = caller.description
            deployment.forceReason = reason
            changes.append(.save(deployment))
        } else if force, !deployment.state.isEnd, deployment.forcedBy == nil {
            // While its step runs the loop holds a copy of the record: what is added here is kept when that is settled.
            deployment.forcedBy = caller.description
            deployment.forceReason = reason
            changes.append(.save(deployment))
        }
        return Ruling(.deployment(deployment.id), changes)
    }

    private func commit(_ commit: CommitID, number: Int) -> Deployment {
        Deployment(id: number, kind: .commit, commit: commit, detected: at)
    }

    // What runs once more, and what ran before.

    /// It goes before everything that has not come to the build, whose step begins again afterwards.
    private func reload(_ caller: Caller) throws -> Ruling {
        guard let running = now.running else {
            return .refused("nothing that was deployed runs, so there is nothing to reload")
        }
        guard now.canReload else {
            return .refused("nothing says how to reload the server: set AGENT_DEPLOY_RELOAD_SOCKET or AGENT_DEPLOY_RELOAD_COMMAND")
        }
        if let other = now.open.first(where: { $0.kind != .commit || $0.state.outlastsNewer }) {
            return .refused("deployment \(other.id) is under way (\(other.state.rawValue)), which reloads the server itself")
        }
        let brought = try past.deployment(running.origin)
        var record = Deployment(
            id: now.nextNumber, kind: .reload(of: running.deployment), commit: running.commit, detected: at)
        record.tree = running.tree
        record.subject = brought?.subject
        record.author = brought?.author
        record.requestedBy = caller.description
        record.release = running.release
        var ruling = Ruling(.deployment(record.id), [.insert(record)])
        ruling.interrupts = true
        return ruling
    }

    private func rollback(to id: Int?, because reason: String?, _ caller: Caller) throws -> Ruling {
        if let under = now.open.first(where: { $0.kind != .commit && !$0.kind.isReload }) {
            guard let id else {
                return .refused(
                    "a rollback to \(under.commit.short) is under way already (\(under.state.rawValue)); to go to another version instead, name it: pinfold rollback ID"
                )
            }
            if case .rollback(to: id) = under.kind {
                return .refused("a rollback to deployment \(id) is under way already (\(under.state.rawValue))")
            }
        }
        let target: Deployment
        switch try version(toGoBackTo: id) {
        case .failure(let error): return Ruling(.refused(error))
        case .success(let found): target = found
        }
        var ruling = Ruling(.deployment(now.nextNumber))
        ruling.goesFirst = true
        // What is on its way was compared with the version that is being left: it begins anew afterwards.
        var restart: CommitID?
        for deployment in now.open {
            let isWorking = deployment.id == now.working
            switch deployment.stage.targetUse {
            case .tries, .takesBack:
                // Between two steps it makes way when the next is looked for.
                if isWorking { ruling.callsOff = .cutShort(deployment) }
                continue
            case .switches where isWorking:
                // Called off where nothing has moved yet, and then it begins anew by itself.
                ruling.callsOff = .rollbackGoesFirst
                continue
            case .switches where deployment.isPastReturn(isMarked: now.marked.contains(deployment.id)): continue
            case .none, .switches:
                if deployment.kind == .commit { restart = deployment.commit }
                // Its step may run on for a moment; after a crash it does not begin again.
                if isWorking { ruling.callsOff = .rollbackGoesFirst }
                ruling.changes += RecordChange.end(deployment, .rollbackGoesFirst, at: at)
            }
        }
        var back = Deployment(id: now.nextNumber, kind: .rollback(to: target.id), commit: target.commit, detected: at)
        back.tree = target.tree
        back.subject = target.subject
        back.author = target.author
        back.requestedBy = caller.description
        back.requestReason = reason
        back.release = target.release
        back.base = now.running?.commit
        ruling.changes.append(.insert(back))
        if let restart { ruling.changes.append(.insert(commit(restart, number: now.nextNumber + 1))) }
        return ruling
    }

    /// The deployment whose version is gone back to.
    private func version(toGoBackTo id: Int?) throws -> Result<Deployment, DeployError> {
        let running = now.running
        // A version that is being switched to at this moment is the one that is left.
        let isBeingLeft = now.open.contains {
            $0.kind == .commit && $0.stage.targetUse == .switches && $0.isPastReturn(isMarked: now.marked.contains($0.id))
        }
        let target: Deployment
        if let id {
            guard let found = try past.deployment(id) else { return .failure(.notFound("there is no deployment \(id)")) }
            guard found.wasGood, found.kind == .commit else {
                return .failure(.refused("deployment \(id) was never a healthy version of its own: \(found.state.rawValue)"))
            }
            target = found
        } else if isBeingLeft, let running, let found = try past.deployment(running.origin), found.wasGood {
            target = found
        } else {
            let candidates = try past.deployed(before: running?.origin ?? Int.max)
            guard let found = candidates.first(where: { $0.kind == .commit && $0.wasGood && $0.commit != running?.commit }) else {
                return .failure(.refused("there is no earlier good version to go back to"))
            }
            target = found
        }
        if let running, running.commit == target.commit, !isBeingLeft {
            return .failure(.refused("\(target.commit.short) is what runs already"))
        }
        return .success(target)
    }
}
