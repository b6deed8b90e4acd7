import DeployModel
import DeploySteps
import Testing

/// The list of steps, held against what the model says of the stages.
struct PipelineTests {
    private static let kinds: [Deployment.Kind] = [.commit, .rollback(to: 1), .reload(of: 1)]
    private let commit = CommitID(String(repeating: "a", count: 40))!
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test(arguments: kinds)
    func `a deployment begins with the first step of its kind and comes through all of them`(_ kind: Deployment.Kind) {
        let stages = Pipeline.steps(of: kind).map(\.stage)
        #expect(stages.first == .first(of: kind))
        for (stage, next) in zip(stages, stages.dropFirst().map(Optional.some) + [nil]) {
            #expect(Pipeline.way(from: stage, of: kind) == Way(next: next, back: .goBack))
        }
        #expect(Pipeline.way(from: .goBack, of: kind).next == nil)
    }

    /// Every step's every outcome, with and without an ending that was decided meanwhile, on each side of the switch's mark.
    @Test(arguments: kinds)
    func `no outcome of a step leads to a state that the model excludes`(_ kind: Deployment.Kind) {
        let endings: [Ending?] = [nil, .rollbackGoesFirst, Ending(.superseded, "newer")]
        var reached: Set<DeploymentState> = []
        var open = [Deployment(id: 1, kind: kind, commit: commit, detected: now)]
        var seen: Set<Deployment> = []
        while var before = open.popLast() {
            before.steps = []
            guard seen.insert(before).inserted else { continue }
            reached.insert(before.state)
            let way = Pipeline.way(from: before.stage, of: kind)
            let uses = before.stage.targetUse
            for outcome in outcomes(of: before.stage) {
                // Whoever asks for a way back has what is in the target cut short.
                for ending in endings + [.cutShort(before)] {
                    for isMarked in uses == .none ? [false] : [false, true] {
                        if uses != .tries, uses != .takesBack, ending?.state == .rolledBack || ending?.state == .failed { continue }
                        if uses == .tries || uses == .takesBack, ending?.reason == "newer" { continue }
                        let settled = Settlement(
                            of: outcome, before, after: .init(stage: before.stage, started: now, ended: now, way: way),
                            .init(
                                ending: ending, isMarked: isMarked, tip: commit, running: nil, good: nil, origin: nil, nextNumber: 2
                            ))
                        let state = settled.deployment.state
                        #expect(
                            state == before.state || before.state.successors.contains(state),
                            "\(before.state) at \(before.stage), \(outcome), \(String(describing: ending)): \(state)")
                        var after = settled.deployment
                        after.reason = nil
                        after.advice = nil
                        reached.insert(state)
                        if !state.isEnd { open.append(after) }
                    }
                }
            }
        }
        #expect(reached.isSuperset(of: [.reloading, .checking, .deployed, .failed, .superseded]))
        #expect(reached.contains(.awaitingApproval) == (kind == .commit))
    }

    /// What the steps may answer, by what they have to do with the target.
    private func outcomes(of stage: Stage) -> [StepOutcome] {
        switch stage.targetUse {
        case .none: [.done(), .stopped(.failed, reason: "x")] + (stage.state == nil ? [.waiting(reason: "x", advice: "y")] : [])
        case .switches:
            [.done(), .stopped(.failed, reason: "x"), .stopped(.superseded, reason: "x"), .goBack(reason: "x", isBlameless: true)]
        case .tries: [.done(), .goBack(reason: "x"), .goBack(reason: "x", isBlameless: true)]
        case .takesBack:
            [true, false].map { .wentBack(to: nil, healthy: $0, reason: "x") } + [.stopped(.failed, reason: "x")]
        }
    }
}
