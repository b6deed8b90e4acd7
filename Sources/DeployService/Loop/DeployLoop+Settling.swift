internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem
internal import QuietTasks

/// From a step's outcome to the record.
extension DeployLoop {
    /// Takes in what came of the step that ran, once it has ended.
    func settleStep() throws(DeployError) {
        guard let worker, let result = worker.finished else { return }
        self.worker = nil
        let ending = self.ending
        self.ending = nil
        try settle(worker, result, ending)
        // It may leave the next one to do at once.
        bell.ring()
    }

    private func settle(_ worker: StepWorker, _ result: StepWorker.Result, _ ending: Ending?) throws(DeployError) {
        let outcome: StepOutcome
        let work: Work
        switch result {
        case .outcome(let value, let after): (outcome, work) = (value, after)
        case .failed(let error, let after):
            // The daemon stops, the record changed under the step, or a reload goes first: it begins again. What a step says that was called
            // off is no news.
            if ending == nil, error is Cancelled || worker.cancellation.why != nil { return }
            (outcome, work) = (failure(error, of: after.deployment), after)
        }
        // Copies that it was done with.
        housekeeping.makeRoom()
        let remote = settings.push.remote.map { GitRemote(url: $0).shown }
        let isMarked = SwitchMark(of: work.deployment, settings).isWritten
        let step = Settlement.EndedStep(
            stage: worker.stage, started: worker.started, ended: Clock.now,
            way: Pipeline.way(from: worker.stage, of: work.deployment.kind), passedTests: work.passedTests)
        let settlement = try store.write { history in
            let good = try history.fact(.good)
            let facts = Settlement.Facts(
                ending: ending, isMarked: isMarked, tip: try history.fact(.tip), running: try history.fact(.running), good: good,
                origin: try good.flatMap { try history.deployment($0.origin) }, nextNumber: try history.nextNumber(), remote: remote
            )
            // What was answered while the step ran is in the record on disk, and counts.
            let answered = work.deployment.answered(as: try history.deployment(work.deployment.id))
            let settlement = Settlement(of: outcome, answered, after: step, facts)
            try history.apply(settlement.changes)
            return settlement
        }
        // Its tree is the release now, or nobody's.
        if settlement.deployment.state.isEnd { housekeeping.discardWork(of: settlement.deployment) }
        try follow(settlement)
        workshop.fault.reach(worker.stage.rawValue, "saved")
    }

    /// Writes down how a deployment ends between two of its steps.
    func record(_ settlement: Settlement) throws(DeployError) {
        try store.write { try $0.apply(settlement.changes) }
        try follow(settlement)
    }

    /// Does what follows from what is on record now.
    private func follow(_ settlement: Settlement) throws(DeployError) {
        if settlement.deployment.state.isEnd {
            housekeeping.isDue = true
            if settlement.deployment.push != nil { pusher.look() }
        }
        if settlement.targetIsKnown { board.warn("target", nil) }
        keeper.announce(settlement.happening)
        try keeper.show()
    }

    private func failure(_ error: any Error, of deployment: Deployment) -> StepOutcome {
        // What it wrote may be what filled the disk; it is not needed again, and the record of the failure is.
        if !deployment.state.outlastsNewer { housekeeping.discardWork(of: deployment) }
        housekeeping.makeRoom(isShort: isFullDisk(error))
        let (reason, advice) = explanation(of: error)
        return .failure(
            of: deployment, isMarked: SwitchMark(of: deployment, settings).isWritten, reason: reason, advice: advice,
            target: settings.versions.target)
    }

    private func isFullDisk(_ error: any Error) -> Bool {
        switch error {
        case let error as FileError: error.isFull
        case let error as GitError: error.message.contains("No space left on device")
        default: error is NearlyFullDisk
        }
    }
}
