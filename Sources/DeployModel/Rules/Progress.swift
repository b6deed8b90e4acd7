/// How far a deployment has come: what the loop, the requests and the status ask, said once.
extension Deployment {
    /// Whether nothing happens to it until somebody answers: what has been answered and not been taken up yet does not wait.
    package var waitsForHuman: Bool { state == .awaitingApproval && approval == nil && forcedBy == nil }

    /// Whether the target may be its version already, so that it is gone through with, or gone back from, whatever comes meanwhile: past the
    /// point of no return.
    /// - Parameter isMarked: whether its switch has written its mark.
    package func isPastReturn(isMarked: Bool) -> Bool {
        switch stage.targetUse {
        case .none: false
        case .switches: isMarked
        case .tries, .takesBack: true
        }
    }

    /// Whether it has begun, so that it is what is shown as being under way.
    package var hasBegun: Bool { state != .detected || !steps.isEmpty }

    /// It, with what was answered while its step ran: the step has a copy of the record from before.
    package func answered(as saved: Deployment?) -> Deployment {
        guard let saved else { return self }
        var answered = self
        answered.forcedBy = saved.forcedBy ?? forcedBy
        answered.forceReason = saved.forceReason ?? forceReason
        answered.approval = approval ?? saved.approval
        answered.answers = Self.merged(answers, saved.answers)
        answered.letFinish = letFinish ?? saved.letFinish
        answered.unrecordedMoves = saved.unrecordedMoves
        return answered
    }

    /// It, ended.
    package func ended(_ ending: Ending, at now: Timestamp) -> Deployment {
        var ended = self
        ended.state = ending.state
        ended.reason = ending.reason
        ended.advice = ending.advice
        ended.updated = now
        ended.ended = now
        return ended
    }
}

/// How a deployment ends: in which state, why, and what is to be done about it.
package struct Ending: Hashable, Sendable {
    package var state: DeploymentState
    package var reason: String?
    package var advice: String?

    package init(_ state: DeploymentState, _ reason: String?, advice: String? = nil) {
        self.state = state
        self.reason = reason
        self.advice = advice
    }

    package static let rollbackGoesFirst = Ending(.superseded, "a rollback goes first")

    /// How a deployment ends whose version is in the target when somebody asks for a way back.
    package static func cutShort(_ deployment: Deployment) -> Ending {
        let stage = deployment.stage.rawValue.split(separator: "_").joined(separator: " ")
        return switch deployment.kind {
        case .reload: rollbackGoesFirst
        case .commit:
            Ending(
                .rolledBack, "a rollback was asked for during its step \(stage)",
                advice: "it is quarantined: pinfold lift \(deployment.commit.short)")
        case .rollback: Ending(.failed, "another rollback was asked for during its step \(stage)")
        }
    }
}
