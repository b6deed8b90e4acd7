/// From how a step ended to the record, and to what follows from it. Pure, so that a table tests it.
package struct Settlement: Hashable, Sendable {
    /// The deployment as it is now.
    package var deployment: Deployment
    package var changes: [RecordChange]
    /// What is told of it.
    package var happening: Happening
    /// Whether it is known again what the target is.
    package var targetIsKnown = false

    /// A step that ended.
    package struct EndedStep: Sendable {
        package var stage: Stage
        package var started: Timestamp
        package var ended: Timestamp
        package var way: Way
        /// Ids of the tests that have passed in it.
        package var passedTests: [String]?

        package init(stage: Stage, started: Timestamp, ended: Timestamp, way: Way, passedTests: [String]? = nil) {
            self.stage = stage
            self.started = started
            self.ended = ended
            self.way = way
            self.passedTests = passedTests
        }
    }

    /// What holds when it ends.
    package struct Facts: Sendable {
        /// How the deployment is to end, where that was decided while the step ran.
        package var ending: Ending?
        /// Whether the deployment's switch has written its mark.
        package var isMarked: Bool
        package var tip: CommitID?
        package var running: StatusDocument.DeployedVersion?
        package var good: StatusDocument.DeployedVersion?
        /// The deployment that brought the good version.
        package var origin: Deployment?
        package var nextNumber: Int
        /// The remote that what is deployed is pushed to, as it is shown.
        package var remote: String?

        package init(
            ending: Ending? = nil, isMarked: Bool, tip: CommitID?, running: StatusDocument.DeployedVersion?,
            good: StatusDocument.DeployedVersion?, origin: Deployment?, nextNumber: Int, remote: String? = nil
        ) {
            self.ending = ending
            self.isMarked = isMarked
            self.tip = tip
            self.running = running
            self.good = good
            self.origin = origin
            self.nextNumber = nextNumber
            self.remote = remote
        }
    }

    /// - Parameter deployment: as the step left it, with what was answered meanwhile.
    package init(of outcome: StepOutcome, _ deployment: Deployment, after step: EndedStep, _ facts: Facts) {
        if let ending = facts.ending, !deployment.isPastReturn(isMarked: facts.isMarked) {
            self.init(ending: deployment, ending, at: step.ended)
            // It was called off for a rollback and had moved nothing: as the others, it begins anew afterwards.
            if step.stage.targetUse == .switches, deployment.kind == .commit {
                let again = Deployment(id: facts.nextNumber, kind: .commit, commit: deployment.commit, detected: step.ended)
                changes.append(.insert(again))
            }
            return
        }
        if let ending = facts.ending, Self.isCutShort(outcome, step) {
            self.init(cuttingShort: deployment, ending, good: facts.good, at: step.ended)
            return
        }
        var deployment = deployment
        deployment.updated = step.ended
        switch outcome {
        case .done(let note):
            deployment.steps.append(StepRecord(stage: step.stage, started: step.started, ended: step.ended, note: note))
            deployment.reason = nil
            deployment.advice = nil
            if let next = step.way.next {
                self.init(advancing: deployment, to: next, step, facts)
            } else if deployment.kind.isReload {
                self.init(reloaded: deployment, facts)
            } else {
                self.init(deployed: deployment, facts)
            }
        case .waiting(let reason, let advice):
            if let tip = facts.tip, tip != deployment.commit {
                // It was let finish; but an approval is for what is the newest, so nobody could give one.
                self.init(
                    ending: deployment, Ending(.superseded, "a human would have to agree, and \(tip.short) is newer"),
                    at: step.ended)
                return
            }
            // Where an approval has turned out void later on, it is from the asking on that it goes on.
            deployment.stage = .approve
            deployment.state = .awaitingApproval
            deployment.approval = nil
            deployment.reason = reason
            deployment.advice = advice
            self.init(deployment, [.save(deployment)], .waits(deployment))
        case .stopped(let state, let reason, let advice):
            self.init(ending: deployment, Ending(state, reason, advice: advice), at: step.ended)
            if state == .rejected, let tree = deployment.tree { changes.append(.askedAgain(tree: tree)) }
        case .goBack(let reason, _) where deployment.kind.isReload:
            let advice = "look at the server and at `pinfold logs \(deployment.id)`; `pinfold reload` tries again"
            self.init(ending: deployment, Ending(.failed, reason, advice: advice), at: step.ended)
        case .goBack(let reason, let isBlameless):
            deployment.stage = step.way.back
            deployment.state = step.way.back.state ?? deployment.state
            deployment.reason = reason
            deployment.isBlameless = isBlameless ? true : nil
            self.init(deployment, [.save(deployment)], .goesBack(deployment))
        case .wentBack(let version, let healthy, let reason):
            self.init(wentBack: deployment, to: version, healthy: healthy, reason: reason)
        }
    }

    /// Ends a deployment whose version is in the target, healthy or not: what follows takes it away. It is not deployed again by itself.
    package init(
        cuttingShort deployment: Deployment, _ ending: Ending, good: StatusDocument.DeployedVersion?, at now: Timestamp
    ) {
        self.init(ending: deployment, ending, at: now)
        if deployment.kind == .commit, let tree = deployment.tree {
            changes.append(
                .quarantine(
                    Quarantine(
                        commit: deployment.commit, tree: tree, good: good?.commit, reason: ending.reason ?? "", since: now)))
        }
    }

    package init(ending deployment: Deployment, _ ending: Ending, at now: Timestamp) {
        self.init(
            deployment.ended(ending, at: now), RecordChange.end(deployment, ending, at: now),
            .ended(deployment.ended(ending, at: now)))
    }

    private init(_ deployment: Deployment, _ changes: [RecordChange], _ happening: Happening) {
        self.deployment = deployment
        self.changes = changes
        self.happening = happening
    }

    /// Whether an ending that was decided meanwhile still counts: what came to its own end by itself is left at that.
    private static func isCutShort(_ outcome: StepOutcome, _ step: EndedStep) -> Bool {
        switch outcome {
        case .wentBack: return false
        case .done where step.way.next == nil: return false
        default: break
        }
        return switch step.stage.targetUse {
        case .tries, .takesBack: true
        case .none, .switches: false
        }
    }

    private init(advancing deployment: Deployment, to next: Stage, _ step: EndedStep, _ facts: Facts) {
        var moved = deployment
        moved.stage = next
        if let state = next.state { moved.state = state }
        self.init(moved, [.save(moved)], .advanced(moved))
        if let passed = step.passedTests { changes.append(.passedTests(passed, of: moved.id)) }
        guard step.stage.targetUse == .switches else { return }
        targetIsKnown = true
        if moved.kind.isReload {
            // The same version; only where it lies may be elsewhere.
            guard var running = facts.running else { return }
            running.release = moved.release
            changes.append(.running(running))
        } else if let version = StatusDocument.DeployedVersion(moved, since: moved.updated) {
            changes.append(.running(version))
        }
    }

    /// The check passed: this is the last known good version now.
    private init(deployed deployment: Deployment, _ facts: Facts) {
        var done = deployment
        done.state = .deployed
        done.wasGood = true
        done.ended = done.updated
        if done.kind == .commit, let remote = facts.remote { done.push = PushRecord(remote: remote, next: done.updated) }
        self.init(done, [.save(done), .calledOff(nil)], .ended(done))
        if let version = StatusDocument.DeployedVersion(done, since: done.updated) {
            changes += [.running(version), .good(version)]
        }
        guard done.kind != .commit, let before = facts.good, before.commit != done.commit else { return }
        // A way back: what ran before it is not deployed again by itself.
        let why = "rolled back by \(done.requestedBy ?? "an admin")" + (done.requestReason.map { ": \($0)" } ?? "")
        if var left = facts.origin, left.state == .deployed {
            left.state = .rolledBack
            left.reason = why
            left.updated = done.updated
            changes.append(.save(left))
        }
        changes.append(
            .quarantine(Quarantine(commit: before.commit, tree: before.tree, good: done.commit, reason: why, since: done.updated)))
        // Nobody quarantines what they want to run.
        changes.append(.lift(done.commit))
    }

    /// What runs is well: that is the last known good version, if it was not.
    private init(reloaded deployment: Deployment, _ facts: Facts) {
        self.init(ending: deployment, Ending(.deployed, nil), at: deployment.updated)
        if let running = facts.running, running.commit == deployment.commit { changes.append(.good(running)) }
    }

    private init(
        wentBack deployment: Deployment, to version: StatusDocument.DeployedVersion?, healthy: Bool, reason: String
    ) {
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
        self.init(done, [.save(done), .calledOff(nil), .running(version)], .ended(done))
        targetIsKnown = true
        if isQuarantined, let tree = done.tree {
            changes.append(
                .quarantine(
                    Quarantine(
                        commit: done.commit, tree: tree, good: version?.commit ?? done.base, reason: reason, since: done.updated)))
        }
    }
}
