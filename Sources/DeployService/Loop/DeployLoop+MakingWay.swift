internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import Foundation
internal import GitRepository
internal import LinuxSystem
internal import Logging
internal import PlainText

/// A way back that somebody asked for waits for nothing but a switch under way.
extension DeployLoop {
    static let goesFirst = "a rollback goes first"

    /// Ends what has begun to touch the target, between two of its steps, so that `back` can begin; false where it is in the middle of a switch, which
    /// is gone through with.
    func makeWay(_ begun: Deployment, for back: Deployment) throws(DeployError) -> Bool {
        switch begun.stage {
        case .reload, .check, .goBack:
            try cutShort(begun, endingCutShort(begun, by: back.requestedBy ?? "an admin"))
        default:
            guard begun.kind == .commit, !isMarked(begun) else { return false }
            try end(begun, .superseded, reason: Self.goesFirst)
        }
        return true
    }

    /// How a deployment ends whose version is in the target when somebody asks for a way back.
    func endingCutShort(_ deployment: Deployment, by who: String) -> (state: DeploymentState, reason: String, advice: String?) {
        if deployment.kind.isReload { return (.superseded, Self.goesFirst, nil) }
        let stage = deployment.stage.rawValue.split(separator: "_").joined(separator: " ")
        return deployment.kind == .commit
            ? (
                .rolledBack, "\(who) asked for a rollback during its step \(stage)",
                "it is quarantined: pinfold lift \(deployment.commit.short)"
            )
            : (.failed, "\(who) asked for another rollback during its step \(stage)", nil)
    }

    /// Whether an ending that was decided meanwhile still counts: what came to its own end by itself is left at that.
    func isCutShort(_ stage: Stage, _ outcome: StepOutcome) -> Bool {
        switch (stage, outcome) {
        case (.check, .done), (_, .wentBack): false
        case (.reload, _), (.check, _), (.goBack, _): true
        default: false
        }
    }

    /// Ends a deployment whose version is in the target, healthy or not: what follows takes it away. It is not deployed again by itself.
    func cutShort(
        _ deployment: Deployment, _ ending: (state: DeploymentState, reason: String, advice: String?)
    ) throws(DeployError) {
        try store.write { history in
            try history.end(deployment, ending.state, reason: ending.reason, advice: ending.advice, at: Clock.now)
            if deployment.kind == .commit, let tree = deployment.tree {
                try history.quarantine(
                    Quarantine(
                        commit: deployment.commit, tree: tree, good: try history.fact(.good)?.commit, reason: ending.reason,
                        since: Clock.now))
            }
        }
        tidyingIsDue = true
        log.warning("deployment \(deployment.id): \(ending.state.rawValue): \(ending.reason.plain())")
        try showStatus()
    }

    /// Lets the step that runs come to its end by itself, and goes on without it: it was called off, and touches nothing that matters.
    func leaveBehind() throws(DeployError) {
        guard let worker, !worker.stage.touchesTarget else { return }
        self.worker = nil
        let ending = self.ending
        self.ending = nil
        windingDown.append(worker)
        let id = worker.deployment
        guard let ending, let deployment = try store.read({ try $0.deployment(id) }), !deployment.state.isEnd else { return }
        try end(deployment, ending.state, reason: ending.reason, advice: ending.advice)
    }

    /// Sees to it that what was discarded goes. On a disk that is full it is waited for a moment: what has happened is to be written down next.
    func makeRoom(isShort: Bool) {
        sweeper.sweep()
        let patience = ContinuousClock.now + .seconds(2)
        while isShort, sweeper.isRunning, ContinuousClock.now < patience { usleep(10_000) }
    }

    func isFullDisk(_ error: any Error) -> Bool {
        switch error {
        case let error as FileError: error.isFull
        case let error as GitError: error.message.contains("No space left on device")
        default: error is NearlyFullDisk
        }
    }
}

extension HistoryTransaction {
    /// Whether a run goes on to its end though something newer has come: who commits more often than tests take would never have anything deployed.
    /// Counts the runs that are called off, and marks the one that is not.
    func letsFinish(_ deployment: Deployment, hasBegun: Bool, rule: LetFinish, at now: Timestamp) throws -> Bool {
        // An approval is for what is the newest alone.
        guard deployment.approvalReasons.isEmpty, deployment.state != .awaitingApproval else { return false }
        if deployment.letFinish != nil { return true }
        guard hasBegun else { return false }
        var run = try fact(.calledOff) ?? CalledOff(runs: 0, since: now)
        // The clock was set back.
        if now < run.since { run.since = now }
        let waited = now.milliseconds - run.since.milliseconds
        guard (run.runs >= rule.runs && waited >= rule.milliseconds) || waited >= rule.atLatest else {
            run.runs += 1
            try set(.calledOff, run)
            return false
        }
        var kept = deployment
        kept.letFinish = "\(run.runs) runs before it were called off by newer commits since \(run.since)"
        try save(kept)
        return true
    }
}

/// Runs that were called off by newer commits, one after the other, with none that came to its end.
struct CalledOff: Codable, Hashable, Sendable {
    var runs: Int
    /// When the first of them was.
    var since: Timestamp
}
