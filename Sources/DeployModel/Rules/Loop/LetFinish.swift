extension LetFinish {
    /// What becomes of a run when something newer comes.
    package enum Judgement: Hashable, Sendable {
        /// It is called off, and with a run that had begun, so many have been.
        case callOff(CalledOff?)
        /// It goes on to its end: why, in a sentence.
        case goOn(String)
    }

    /// - Parameters:
    ///   - hasBegun: whether a step of it runs or has ended.
    ///   - calledOff: the runs that were called off before it.
    package func judge(_ deployment: Deployment, hasBegun: Bool, calledOff: CalledOff?, at now: Timestamp) -> Judgement {
        // An approval is for what is the newest alone.
        guard deployment.approvalReasons.isEmpty, deployment.state != .awaitingApproval else { return .callOff(calledOff) }
        if let why = deployment.letFinish { return .goOn(why) }
        guard hasBegun else { return .callOff(calledOff) }
        var run = calledOff ?? CalledOff(runs: 0, since: now)
        // The clock was set back.
        if now < run.since { run.since = now }
        let waited = now.milliseconds - run.since.milliseconds
        guard (run.runs >= runs && waited >= milliseconds) || waited >= atLatest else {
            run.runs += 1
            return .callOff(run)
        }
        return .goOn("\(run.runs) runs before it were called off by newer commits since \(run.since)")
    }
}
