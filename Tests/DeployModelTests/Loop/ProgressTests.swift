import DeployModel
import Testing

struct ProgressTests {
    @Test func `no end has a way out but the rollback of what was deployed`() {
        for state in DeploymentState.allCases where state.isEnd {
            #expect(state.successors == (state == .deployed ? [.rolledBack] : []))
        }
        for state in DeploymentState.allCases where !state.isEnd {
            #expect(state.successors.isSuperset(of: [.failed, .superseded]), "\(state)")
        }
    }

    @Test func `what waits for a human, or comes again, is rejected, and only what may be in the target is rolled back`() {
        for state in DeploymentState.allCases {
            #expect(state.successors.contains(.rejected) == (state == .awaitingApproval || state == .detected), "\(state)")
            #expect(state.successors.contains(.rolledBack) == [.reloading, .checking, .deployed].contains(state), "\(state)")
            #expect(state.successors.contains(.deployed) == (state == .checking), "\(state)")
        }
    }

    @Test func `the point of no return is the mark of the switch`() {
        for stage in Stage.allCases {
            let deployment = Sample.deployment(1, "a", stage)
            let isPast: [Bool] = [false, true].map { deployment.isPastReturn(isMarked: $0) }
            switch stage.targetUse {
            case .none: #expect(isPast == [false, false], "\(stage)")
            case .switches: #expect(isPast == [false, true], "\(stage)")
            case .tries, .takesBack: #expect(isPast == [true, true], "\(stage)")
            }
        }
        #expect(Stage.allCases.count { $0.targetUse == .switches } == 1)
    }

    @Test func `what was answered and not taken up yet waits for nobody`() {
        for state in DeploymentState.allCases {
            var deployment = Sample.deployment(1, "a", .approve, state)
            #expect(deployment.waitsForHuman == (state == .awaitingApproval))
            #expect(deployment.isSettled == (state == .awaitingApproval || state.isEnd))
            deployment.approval = Approval(commit: deployment.commit, tree: "tree of a", by: "root", at: Sample.now)
            #expect(!deployment.waitsForHuman)
            #expect(deployment.isSettled == state.isEnd)
            deployment.approval = nil
            deployment.forcedBy = "root"
            #expect(!deployment.waitsForHuman)
        }
    }

    @Test func `what is answered while a step runs is kept`() {
        let copy = Sample.deployment(1, "a", .test)
        var saved = copy
        saved.forcedBy = "root"
        saved.forceReason = "night"
        saved.letFinish = "long enough"
        saved.unrecordedMoves = 3
        saved.approval = Approval(commit: copy.commit, tree: "tree of a", by: "root", at: Sample.now)
        #expect(copy.answered(as: saved) == saved)
        var used = copy
        used.approval = saved.approval
        used.approval?.used = Sample.later
        #expect(used.answered(as: saved).approval?.used == Sample.later)
        #expect(copy.answered(as: nil) == copy)
    }

    @Test func `a push that fails is tried again ever more seldom, up to ten minutes`() {
        var push = PushRecord(remote: "host:repo")
        var pauses: [Int64] = []
        for _ in 0..<9 {
            let (tried, pause) = push.tried("away", at: Sample.now)
            push = tried
            pauses.append(pause ?? -1)
            #expect(push.next?.milliseconds == Sample.now.milliseconds + (pause ?? 0))
        }
        #expect(pauses == [5000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000])
        let (done, pause) = push.tried(nil, at: Sample.now)
        #expect(done.done && done.error == nil && done.next == nil && done.attempts == 10 && pause == nil)
    }
}
