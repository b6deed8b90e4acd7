internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem
internal import Logging
internal import PlainText
internal import QuietTasks

/// From a step's outcome to the record.
extension DeployLoop {
    func settle(
        _ worker: StepWorker, _ result: StepWorker.Result, ending: (state: DeploymentState, reason: String, advice: String?)?
    ) throws(DeployError) {
        let outcome: StepOutcome
        var work: Work
        switch result {
        case .outcome(let value, let after):
            outcome = value
            work = after
        case .failed(let error, let after):
            work = after
            // The daemon stops, the record changed under the step, or a reload goes first: it begins again. What a step says that was called
            // off is no news.
            if ending == nil, error is Cancelled || worker.cancellation.why != nil { return }
            // What it wrote may be what filled the disk; it is not needed again, and the record of the failure is.
            if !work.deployment.state.touchesTarget { try? Tree.discard(settings.data.workplace(of: work.deployment.id).path) }
            makeRoom(isShort: isFullDisk(error))
            outcome = failure(error, of: work)
        }
        // Copies that it was done with.
        sweeper.sweep()
        let now = Clock.now
        let hasSwitched = isMarked(work.deployment)
        if let ending, !work.deployment.state.touchesTarget || ([.build, .switch].contains(worker.stage) && !hasSwitched) {
            try end(work.deployment, ending.state, reason: ending.reason, advice: ending.advice)
            if worker.stage == .switch, work.deployment.kind == .commit {
                // It was called off for a rollback and had moved nothing: as the others, it begins anew afterwards.
                let commit = work.deployment.commit
                _ = try store.write { try $0.insert(.commit, commit: commit, at: now) }
            }
            return
        }
        if let ending, isCutShort(worker.stage, outcome) {
            try cutShort(work.deployment, ending)
            return
        }
        var deployment = work.deployment
        deployment.updated = now
        // What was answered while the step ran is in the record on disk, and counts.
        let id = deployment.id
        if let saved = try store.read({ try $0.deployment(id) }) {
            deployment.forcedBy = saved.forcedBy ?? deployment.forcedBy
            deployment.approval = deployment.approval ?? saved.approval
            deployment.letFinish = deployment.letFinish ?? saved.letFinish
            deployment.unrecordedMoves = saved.unrecordedMoves
        }
        switch outcome {
        case .done(let note):
            deployment.steps.append(StepRecord(stage: worker.stage, started: worker.started, ended: now, note: note))
            let steps = Pipeline.steps(of: deployment.kind)
            guard let position = steps.firstIndex(where: { $0.stage == worker.stage }) else { return }
            if position + 1 < steps.count {
                deployment.stage = steps[position + 1].stage
                // The state of the approval step is shown when somebody is waited for.
                if deployment.stage != .approve { deployment.state = deployment.stage.state }
                deployment.reason = nil
                deployment.advice = nil
                try advance(deployment, switched: worker.stage == .switch, passedTests: work.passedTests)
            } else {
                try finish(deployment)
            }
            fault.reach(worker.stage.rawValue, "saved")
        case .waiting(let reason, let advice):
            if let tip = try store.read({ try $0.fact(.tip) }), tip != deployment.commit {
                // It was let finish; but an approval is for what is the newest, so nobody could give one.
                try end(deployment, .superseded, reason: "a human would have to agree, and \(tip.short) is newer")
                return
            }
            deployment.state = .awaitingApproval
            deployment.reason = reason
            deployment.advice = advice
            let waiting = deployment
            try store.write { try $0.save(waiting) }
            log.info("deployment \(deployment.id): waits for a human")
            try showStatus()
            fault.reach(worker.stage.rawValue, "saved")
        case .stopped(let state, let reason, let advice):
            try end(deployment, state, reason: reason, advice: advice)
        case .goBack(let reason, _) where deployment.kind.isReload:
            try end(
                deployment, .failed, reason: reason,
                advice: "look at the server and at `pinfold logs \(deployment.id)`; `pinfold reload` tries again")
        case .goBack(let reason, let isBlameless):
            deployment.stage = .goBack
            deployment.state = .checking
            deployment.reason = reason
            deployment.isBlameless = isBlameless ? true : nil
            log.warning("deployment \(deployment.id): \(reason.plain()); going back")
            try advance(deployment, switched: false)
        case .wentBack(let version, let healthy, let reason):
            try finishGoingBack(deployment, to: version, healthy: healthy, reason: reason)
            fault.reach(worker.stage.rawValue, "saved")
        }
    }

    /// Whether the point of no return of the switch was passed.
    func isMarked(_ deployment: Deployment) -> Bool {
        ((try? DurableFile.read(settings.data.workplace(of: deployment.id).switching)) ?? nil) != nil
    }

    private func failure(_ error: any Error, of work: Work) -> StepOutcome {
        let (reason, advice) = explanation(of: error)
        switch work.deployment.stage {
        // An error, and not what the server or a command said of the version.
        case .switch where isMarked(work.deployment), .reload, .check: return .goBack(reason: reason, isBlameless: true)
        case .goBack:
            return .stopped(
                .failed, reason: "\(work.deployment.reason ?? "it had to be rolled back"); going back failed: \(reason)",
                advice: advice
                    ?? "look at \(work.settings.versions.target) and at `pinfold logs \(work.deployment.id)`; `pinfold rollback` tries again"
            )
        default: return .stopped(.failed, reason: reason, advice: advice)
        }
    }

    private func advance(_ deployment: Deployment, switched: Bool, passedTests: [String]? = nil) throws(DeployError) {
        try store.write { history in
            try history.save(deployment)
            if let passedTests { try history.save(passedTests: passedTests, of: deployment.id) }
            guard switched else { return }
            if deployment.kind.isReload {
                // The same version; only where it lies may be another place.
                guard var running = try history.fact(.running) else { return }
                running.release = deployment.release
                try history.set(.running, running)
            } else if let version = StatusDocument.DeployedVersion(deployment, since: deployment.updated) {
                try history.set(.running, version)
            }
        }
        if switched { board.warn("target", nil) }
        try showStatus()
    }

    /// The check passed: this is the last known good version now.
    private func finish(_ deployment: Deployment) throws(DeployError) {
        if deployment.kind.isReload { return try finishReload(deployment) }
        var done = deployment
        done.state = .deployed
        done.wasGood = true
        done.ended = done.updated
        done.reason = nil
        done.advice = nil
        if done.kind == .commit, let remote = settings.push.remote {
            done.push = PushRecord(remote: PushRemote(url: remote).shown, next: done.updated)
        }
        let final = done
        try store.write { history in
            let before = try history.fact(.good)
            try history.save(final)
            try history.set(.calledOff, nil)
            if let version = StatusDocument.DeployedVersion(final, since: final.updated) {
                try history.set(.running, version)
                try history.set(.good, version)
            }
            // A way back: what ran before it is not deployed again by itself.
            if final.kind != .commit, let before, before.commit != final.commit {
                let why = "rolled back by \(final.requestedBy ?? "an admin")" + (final.requestReason.map { ": \($0)" } ?? "")
                if var left = try history.deployment(before.origin), left.state == .deployed {
                    left.state = .rolledBack
                    left.reason = why
                    left.updated = final.updated
                    try history.save(left)
                }
                try history.quarantine(
                    Quarantine(commit: before.commit, tree: before.tree, good: final.commit, reason: why, since: final.updated))
                // Nobody quarantines what they want to run.
                try history.lift(final.commit)
            }
        }
        if done.push != nil { nextPush = .now }
        log.info("deployment \(done.id): deployed \(done.commit.short)")
        // Its tree is the release now; what is left here is little.
        try? Tree.discard(settings.data.workplace(of: done.id).path)
        tidyingIsDue = true
        try showStatus()
    }

    /// What runs is well on it: that is the last known good version, if it was not.
    private func finishReload(_ deployment: Deployment) throws(DeployError) {
        try store.write { history in
            try history.end(deployment, .deployed, reason: nil, at: deployment.updated)
            if let running = try history.fact(.running), running.commit == deployment.commit { try history.set(.good, running) }
        }
        log.info("deployment \(deployment.id): \(deployment.commit.short) reloaded")
        tidyingIsDue = true
        try showStatus()
    }

    private func finishGoingBack(
        _ deployment: Deployment, to version: StatusDocument.DeployedVersion?, healthy: Bool, reason: String
    ) throws(DeployError) {
        var done = deployment
        done.state = healthy ? .rolledBack : .failed
        done.reason = reason
        // Where the way back is as ill, or an error was in the way, nothing has been learnt about the commit.
        let isQuarantined = done.kind == .commit && healthy && done.isBlameless != true
        done.advice =
            if isQuarantined {
                "it is quarantined: revert it, or pinfold lift \(done.commit.short)"
            } else if !healthy {
                "look at the server and at `pinfold logs \(done.id)`"
                    + (version == nil ? "" : "; `pinfold reload` reloads what runs now")
            } else {
                done.kind == .commit ? "it is not to blame: once that is mended, `pinfold deploy` tries it again" : nil
            }
        done.ended = done.updated
        let final = done
        try store.write { history in
            try history.save(final)
            try history.set(.calledOff, nil)
            try history.set(.running, version)
            if isQuarantined, let tree = final.tree {
                try history.quarantine(
                    Quarantine(
                        commit: final.commit, tree: tree, good: version?.commit ?? final.base, reason: reason, since: final.updated)
                )
            }
        }
        log.warning("deployment \(done.id): \(done.state.rawValue): \(reason.plain())")
        board.warn("target", nil)
        try? Tree.discard(settings.data.workplace(of: done.id).path)
        tidyingIsDue = true
        try showStatus()
    }

    // Pushing.

    /// The newest deployed commit that is not pushed yet; what came before goes with it.
    func pendingPush() throws(DeployError) -> Deployment? {
        let newest = try store.read { try $0.deployed(before: Int.max).first { $0.kind == .commit } }
        return newest.flatMap { $0.push?.done == false ? $0 : nil }
    }

    func beginPush() throws(DeployError) {
        guard pusher == nil, let due = nextPush, due <= .now, let mirror, let intake else { return }
        guard let deployment = try pendingPush() else {
            nextPush = nil
            return
        }
        let tools = Work.Tools(
            mirror: mirror, intake: intake, surfaces: surfaces, branch: intake.branch,
            log: StepLog(path: settings.data.log(of: deployment.id)), cancellation: Cancellation(), fault: fault)
        let bell = self.bell
        pusher = StepWorker(Pipeline.push, Work(deployment: deployment, settings: settings, facts: Work.Facts(), tools: tools)) {
            bell.ring()
        }
    }

    func settlePush() throws(DeployError) {
        guard let pusher, let result = pusher.finished else { return }
        self.pusher = nil
        let now = Clock.now
        let problem: String?
        switch result {
        case .outcome: problem = nil
        case .failed(let error, _): problem = explanation(of: error).reason
        }
        let id = pusher.deployment
        let pause = try store.write { history -> Int64? in
            guard var deployment = try history.deployment(id), var push = deployment.push else { return nil }
            // 5 s, 10 s, … up to ten minutes: a remote that is away for a night costs a line each.
            let pause = problem == nil ? nil : min(600_000, Int64(5000) << min(push.attempts, 7))
            push.attempts += 1
            push.done = problem == nil
            push.error = problem
            push.next = pause.map { Timestamp(milliseconds: now.milliseconds + $0) }
            deployment.push = push
            try history.save(deployment)
            return pause
        }
        fault.reach(pusher.stage.rawValue, "saved")
        nextPush = pause.map { .now + .milliseconds($0) }
        board.warn("push", problem.map { "deployment \(id) is not pushed: \($0.plain())" })
        try showStatus()
    }
}
