/// What a new commit of the branch comes to: a deployment of its own, and the end of what was on its way and is not let finish. Pure, so that
/// a table tests it.
package struct Arrival: Hashable, Sendable {
    package var deployment: Deployment
    package var changes: [RecordChange]
    /// How the deployment whose step runs ends; nil where it goes on.
    package var callsOff: Ending?

    /// What holds when it comes.
    package struct Facts: Sendable {
        /// What is under way, in the order of its numbers.
        package var open: [Deployment]
        /// The deployment whose step runs.
        package var working: Int?
        /// What runs; nil where it is not on record either how it came there: it is not known then whether that was found healthy.
        package var running: StatusDocument.DeployedVersion?
        package var calledOff: CalledOff?
        package var nextNumber: Int
        /// How often the branch has moved since the last record without one being made of it.
        package var unrecordedMoves: Int

        package init(
            open: [Deployment], working: Int?, running: StatusDocument.DeployedVersion?, calledOff: CalledOff?, nextNumber: Int,
            unrecordedMoves: Int
        ) {
            self.open = open
            self.working = working
            self.running = running
            self.calledOff = calledOff
            self.nextNumber = nextNumber
            self.unrecordedMoves = unrecordedMoves
        }
    }

    package init(of tip: CommitID, _ facts: Facts, rule: LetFinish, at now: Timestamp) {
        let newer = Ending(.superseded, "\(tip.short) is newer")
        changes = [.tip(tip)]
        var calledOff = facts.calledOff
        for deployment in facts.open where deployment.kind == .commit && !deployment.state.outlastsNewer {
            let isWorking = deployment.id == facts.working
            switch rule.judge(deployment, hasBegun: isWorking || !deployment.steps.isEmpty, calledOff: calledOff, at: now) {
            case .goOn(let why):
                guard deployment.letFinish == nil else { continue }
                var kept = deployment
                kept.letFinish = why
                changes.append(.save(kept))
            case .callOff(let runs):
                calledOff = runs
                // Its step may run on for a moment; after a crash it does not begin again.
                if isWorking { callsOff = newer }
                changes += RecordChange.end(deployment, newer, at: now)
            }
        }
        if calledOff != facts.calledOff { changes.append(.calledOff(calledOff)) }
        deployment = Deployment(id: facts.nextNumber, kind: .commit, commit: tip, detected: now)
        deployment.unrecordedMoves = facts.unrecordedMoves > 0 ? facts.unrecordedMoves : nil
        changes.append(.insert(deployment))
        if let running = facts.running, running.commit == tip {
            let same = Ending(.superseded, "it is what runs already (deployment \(running.deployment))")
            deployment = deployment.ended(same, at: now)
            changes.append(.save(deployment))
        }
    }
}
