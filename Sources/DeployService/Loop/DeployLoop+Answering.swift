internal import DeployModel
internal import DeploySteps
internal import QuietTasks

/// What people ask for, taken in one after the other: the effect, the answer and the event are one transaction.
extension DeployLoop {
    /// - Parameter newest: the last decision that was there when the branch was looked at.
    func answerDecisions(upTo newest: Int64, knowingWhatRuns: Bool) throws(DeployError) {
        for open in try store.read({ try $0.openDecisions() })
        where open.id <= newest && (knowingWhatRuns || !open.decision.asksWhatRuns) {
            let (working, settings) = (worker?.deployment, settings)
            let ruling = try store.write { history -> Ruling in
                let now = Clock.now
                let standing = try history.standing(working: working, settings)
                let ruling = try DecisionRule(standing, history, at: now).ruling(on: open)
                try history.apply(ruling.changes)
                try history.answer(open.id, ruling.answer)
                if let event = Happening.decided(open, ruling.answer).event(at: now) { try history.append(event) }
                return ruling
            }
            keeper.announce(.decided(open, ruling.answer), isKept: true)
            housekeeping.isDue = true
            if let ending = ruling.callsOff { callOff(ending) }
            // What a newer commit called off is not waited for either.
            if ruling.callsOff != nil || ruling.goesFirst && ending != nil { try leaveBehind() }
            // Without an end of its deployment: the step begins again afterwards.
            if ruling.interrupts { worker?.cancellation.cancel(open.decision.words) }
            try keeper.show()
            workshop.fault.reach("decision", "saved")
            bell.ring()
        }
    }
}

extension HistoryTransaction {
    fileprivate func standing(working: Int?, _ settings: PipelineSettings) throws -> Standing {
        let open = try open()
        let switching = open.filter { $0.stage.targetUse == .switches && SwitchMark(of: $0, settings).isWritten }
        return Standing(
            open: open, running: try fact(.running), tip: try fact(.tip), hold: try fact(.hold), quarantine: try quarantine(),
            nextNumber: try nextNumber(), working: working, marked: Set(switching.map(\.id)),
            canReload: settings.reload.isConfigured || settings.health.hasCheck, policy: settings.policy.read())
    }
}
