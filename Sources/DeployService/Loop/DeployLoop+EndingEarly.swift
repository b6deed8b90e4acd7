internal import DeployModel
internal import DeploySteps

/// What is on its way makes way: for a newer commit, for an answer, and for a way back, which waits for nothing but a switch under way.
extension DeployLoop {
    /// Ends the deployment whose step runs, as soon as that step stops, unless it has gone past the point of no return by then.
    func callOff(_ ending: Ending) {
        guard let worker else { return }
        self.ending = ending
        worker.cancellation.cancel(ending.reason ?? ending.state.rawValue)
    }

    /// Lets the step that runs come to its end by itself, and goes on without it: it was called off, and touches nothing that matters.
    func leaveBehind() throws(DeployError) {
        guard let worker, worker.stage.targetUse == .none else { return }
        self.worker = nil
        let ending = self.ending
        self.ending = nil
        windingDown.append(worker)
        let id = worker.deployment
        guard let ending, let deployment = try store.read({ try $0.deployment(id) }), !deployment.state.isEnd else { return }
        try end(deployment, ending)
    }

    /// Ends what has begun to deploy, between two of its steps, so that `back` can begin; false where it is in the middle of a switch, which is gone
    /// through with.
    func makeWay(_ begun: Deployment, for back: Deployment) throws(DeployError) -> Bool {
        switch begun.stage.targetUse {
        case .tries, .takesBack:
            let ending = Ending.cutShort(begun)
            let good = try store.read { try $0.fact(.good) }
            try record(Settlement(cuttingShort: begun, ending, good: good, at: Clock.now))
        case .none, .switches:
            guard begun.kind == .commit, !begun.isPastReturn(isMarked: SwitchMark(of: begun, settings).isWritten) else {
                return false
            }
            try end(begun, .rollbackGoesFirst)
        }
        return true
    }

    func end(_ deployment: Deployment, _ ending: Ending) throws(DeployError) {
        try record(Settlement(ending: deployment, ending, at: Clock.now))
    }
}
