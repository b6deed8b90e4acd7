internal import DeployModel
internal import DeploySteps
internal import LinuxSystem
internal import Logging
internal import PlainText
internal import QuietTasks

/// What people ask for, taken in one after the other: the effect, the answer and the event are one transaction.
extension DeployLoop {
    func answerDecisions(knowingWhatRuns: Bool) throws(DeployError) {
        for open in try store.read({ try $0.openDecisions() }) where knowingWhatRuns || !open.decision.asksWhatRuns {
            let running = worker?.deployment
            let stage = worker?.stage
            let effect = try store.write { history -> Effect in
                let effect = try decide(open, history, running: running, stage: stage)
                try history.answer(open.id, effect.answer)
                var outcome = "done"
                if case .refused(let error) = effect.answer { outcome = "refused: \(error.message)" }
                try history.append(Event(at: Clock.now, who: open.caller.description, what: open.decision.words, outcome: outcome))
                return effect
            }
            log.info("\(open.caller): \(open.decision.words.plain())")
            tidyingIsDue = true
            if let ending = effect.callsOff { callOff(ending.state, ending.reason, advice: ending.advice) }
            // What a newer commit called off is not waited for either.
            if effect.callsOff != nil || effect.goesFirst && self.ending != nil { try leaveBehind() }
            // Without an end of its deployment: the step begins again afterwards.
            if effect.interrupts { worker?.cancellation.cancel(open.decision.words) }
            try showStatus()
            fault.reach("decision", "saved")
            bell.ring()
        }
    }

    /// What a decision came to.
    private struct Effect: Sendable {
        var answer: Answer
        /// How the deployment whose step runs ends; that step is not waited for where it touches nothing of the target's.
        var callsOff: (state: DeploymentState, reason: String, advice: String?)?
        /// Whether it is a way back, which waits for nothing that touches nothing.
        var goesFirst = false
        /// Whether the step that runs gives way, and begins again when what was asked for is done.
        var interrupts = false

        init(_ answer: Answer) {
            self.answer = answer
        }
    }

    private func decide(
        _ open: OpenDecision, _ history: HistoryTransaction, running: Int?, stage: Stage?
    ) throws -> Effect {
        let now = Clock.now
        switch open.decision {
        case .approve(let text):
            switch try waiting(for: text, history) {
            case .failure(let error): return Effect(.refused(error))
            case .success(var deployment):
                guard let tree = deployment.tree else { return Effect(.refused(.broken("its tree is not known"))) }
                // Recorded in the same turn as the last look at the tip: an approval for what is no longer the newest is void at once.
                deployment.approval = Approval(commit: deployment.commit, tree: tree, by: open.caller.description, at: now)
                deployment.updated = now
                try history.save(deployment)
                return Effect(.deployment(deployment.id))
            }
        case .reject(let text, let reason):
            switch try waiting(for: text, history) {
            case .failure(let error): return Effect(.refused(error))
            case .success(let deployment):
                try history.end(deployment, .rejected, reason: "\(open.caller.name): \(reason)", at: now)
                return Effect(.deployment(deployment.id))
            }
        case .rollback(let id, let reason):
            return try rollback(to: id, because: reason, open, history, running: running, stage: stage, now)
        case .reload: return try reload(open, history, now)
        case .lift(let text):
            let entries = try history.quarantine().filter { text.count >= 7 && $0.commit.hex.hasPrefix(text.lowercased()) }
            guard let entry = entries.first, entries.count == 1 else {
                return Effect(
                    .refused(
                        .notFound(
                            "no quarantined commit, or more than one, begins with \(text.plain()): `pinfold status` lists them")
                    ))
            }
            try history.lift(entry.commit)
            try again(after: "the quarantine of \(entry.commit.short) was lifted", history, now) {
                $0.stage == .takeIn || $0.commit == entry.commit
            }
            return Effect(.quarantine(entry))
        case .hold(let reason):
            let hold = Hold(reason: reason, by: open.caller.description, since: now)
            try history.set(.hold, hold)
            return Effect(.hold(hold))
        case .resume:
            guard try history.fact(.hold) != nil else { return Effect(.refused(.refused("there is no hold"))) }
            try history.set(.hold, nil)
            return Effect(.done)
        case .deploy(let commit, let force): return try deploy(commit, force: force, open, history, now)
        }
    }

    private func waiting(for text: String, _ history: HistoryTransaction) throws -> Result<Deployment, DeployError> {
        let waiting = try history.open().first { $0.state == .awaitingApproval && $0.approval == nil }
        guard let waiting else { return .failure(.refused("no commit waits for an answer")) }
        guard text.count >= 7, waiting.commit.hex.hasPrefix(text.lowercased()) else {
            return .failure(.refused("\(text.plain()) does not wait for an answer; \(waiting.commit) does"))
        }
        return .success(waiting)
    }

    private func rollback(
        to id: Int?, because reason: String?, _ open: OpenDecision, _ history: HistoryTransaction, running: Int?, stage: Stage?,
        _ now: Timestamp
    ) throws -> Effect {
        let serving = try history.fact(.running)
        let under = try history.open().first { $0.kind != .commit && !$0.kind.isReload }
        if let under {
            guard let id else {
                return Effect(
                    .refused(
                        .refused(
                            "a rollback to \(under.commit.short) is under way already (\(under.state.rawValue)); to go to another version instead, name it: pinfold rollback ID"
                        )))
            }
            if case .rollback(to: id) = under.kind {
                return Effect(.refused(.refused("a rollback to deployment \(id) is under way already (\(under.state.rawValue))")))
            }
        }
        // A version that is being switched to at this moment is the one that is left.
        let isBeingLeft = try history.open().contains { $0.kind == .commit && $0.stage == .switch && isMarked($0) }
        let target: Deployment
        if let id {
            guard let found = try history.deployment(id) else { return Effect(.refused(.notFound("there is no deployment \(id)"))) }
            guard found.wasGood, found.kind == .commit else {
                return Effect(
                    .refused(.refused("deployment \(id) was never a healthy version of its own: \(found.state.rawValue)")))
            }
            target = found
        } else if isBeingLeft, let serving, let found = try history.deployment(serving.origin), found.wasGood {
            target = found
        } else {
            let candidates = try history.deployed(before: serving?.origin ?? Int.max)
            guard let found = candidates.first(where: { $0.kind == .commit && $0.wasGood && $0.commit != serving?.commit }) else {
                return Effect(.refused(.refused("there is no earlier good version to go back to")))
            }
            target = found
        }
        if let serving, serving.commit == target.commit, !isBeingLeft {
            return Effect(.refused(.refused("\(target.commit.short) is what runs already")))
        }
        var effect = Effect(.done)
        // What is on its way was compared with the version that is being left: it begins anew afterwards.
        var restart: CommitID?
        for deployment in try history.open() {
            let isRunning = deployment.id == running
            let isAboutToSwitch = deployment.stage == .switch && !isRunning && !isMarked(deployment)
            if [.switch, .reload, .check, .goBack].contains(deployment.stage), !isAboutToSwitch {
                // In the switch it is called off where nothing has moved yet; between two steps it makes way when the next is looked for.
                guard isRunning else { continue }
                effect.callsOff =
                    stage == .switch
                    ? (.superseded, Self.goesFirst, nil) : endingCutShort(deployment, by: open.caller.description)
                continue
            }
            if deployment.kind == .commit { restart = deployment.commit }
            // Its step may run on for a moment; after a crash it does not begin again.
            if isRunning { effect.callsOff = (.superseded, Self.goesFirst, nil) }
            try history.end(deployment, .superseded, reason: Self.goesFirst, at: now)
        }
        let back = try history.insert(.rollback(to: target.id), commit: target.commit, at: now) { back in
            back.tree = target.tree
            back.subject = target.subject
            back.author = target.author
            back.requestedBy = open.caller.description
            back.requestReason = reason
            back.release = target.release
            back.base = serving?.commit
        }
        if let restart { _ = try history.insert(.commit, commit: restart, at: now) }
        effect.answer = .deployment(back.id)
        effect.goesFirst = true
        return effect
    }

    /// What runs, once more. It goes before everything that has not come to the build, whose step begins again afterwards.
    private func reload(_ open: OpenDecision, _ history: HistoryTransaction, _ now: Timestamp) throws -> Effect {
        guard let serving = try history.fact(.running) else {
            return Effect(.refused(.refused("nothing that was deployed runs, so there is nothing to reload")))
        }
        guard settings.reload.command != nil || settings.health.hasCheck else {
            return Effect(.refused(.refused("nothing says how to reload the server: set AGENT_DEPLOY_RELOAD_COMMAND")))
        }
        if let other = try history.open().first(where: { $0.kind != .commit || $0.state.touchesTarget }) {
            return Effect(
                .refused(.refused("deployment \(other.id) is under way (\(other.state.rawValue)), which reloads the server itself"))
            )
        }
        let brought = try history.deployment(serving.origin)
        let record = try history.insert(.reload(of: serving.deployment), commit: serving.commit, at: now) { record in
            record.tree = serving.tree
            record.subject = brought?.subject
            record.author = brought?.author
            record.requestedBy = open.caller.description
            record.release = serving.release
        }
        var effect = Effect(.deployment(record.id))
        effect.interrupts = true
        return effect
    }

    /// A new try for the branch's commit, where its last one ended in a way that `isDue` accepts.
    private func again(
        after reason: String, _ history: HistoryTransaction, _ now: Timestamp, _ isDue: (Deployment) -> Bool
    ) throws {
        guard let tip = try history.fact(.tip), let last = try history.latest(of: tip), last.state.isEnd, last.state != .deployed,
            last.state != .superseded, isDue(last), try history.fact(.running)?.commit != tip
        else { return }
        _ = try history.insert(.commit, commit: tip, at: now)
    }

    private func deploy(
        _ commit: CommitID, force: Bool, _ open: OpenDecision, _ history: HistoryTransaction, _ now: Timestamp
    ) throws -> Effect {
        guard let tip = try history.fact(.tip), tip == commit else {
            guard let latest = try history.latest(of: commit) else {
                return Effect(.refused(.refused("\(commit.short) is not the newest commit of the branch any more")))
            }
            return Effect(.deployment(latest.id))
        }
        let latest = try history.latest(of: commit)
        var deployment: Deployment
        if let latest, !latest.state.isEnd || latest.state == .deployed {
            deployment = latest
        } else if let serving = try history.fact(.running), serving.commit == commit,
            let current = try history.deployment(serving.deployment)
        {
            return Effect(.deployment(current.id))
        } else {
            deployment = try history.insert(.commit, commit: commit, at: now)
        }
        if force, deployment.state == .awaitingApproval, deployment.approval == nil, let tree = deployment.tree {
            deployment.approval = Approval(commit: commit, tree: tree, by: "\(open.caller), by force", at: now)
            deployment.forcedBy = open.caller.description
            try history.save(deployment)
        } else if force, !deployment.state.isEnd, deployment.forcedBy == nil {
            // While its step runs the loop holds a copy of the record: what is added here is kept by `merging`.
            deployment.forcedBy = open.caller.description
            try history.save(deployment)
        }
        return Effect(.deployment(deployment.id))
    }
}
