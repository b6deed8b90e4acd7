internal import DeployModel
internal import DeploySteps
internal import PlainText

/// Pushes what was deployed, beside the pipeline, and tries again where that fails.
final class Pusher {
    private let keeper: RecordKeeper
    private let workshop: Workshop
    private(set) var worker: StepWorker?
    /// When to try next. Not by the time of day, which may be set back.
    private var next: ContinuousClock.Instant?
    /// The same; nil while it tries, whose end rings.
    var due: ContinuousClock.Instant? { worker == nil ? next : nil }

    init(_ keeper: RecordKeeper, _ workshop: Workshop) {
        self.keeper = keeper
        self.workshop = workshop
    }

    /// Something may wait to be pushed: it is looked for in the next turn.
    func look() { next = .now }

    /// The newest deployed commit that is not pushed yet; what came before goes with it.
    private func pending() throws(DeployError) -> Deployment? {
        let newest = try keeper.store.read { try $0.deployed(before: Int.max).first { $0.kind == .commit } }
        return newest.flatMap { $0.push?.done == false ? $0 : nil }
    }

    func begin() throws(DeployError) {
        guard worker == nil, let due = next, due <= .now else { return }
        guard let deployment = try pending() else {
            next = nil
            return
        }
        worker = workshop.begin(Pipeline.push, of: deployment)
        // Where nothing could begin, the branch is not known yet.
        next = worker == nil ? .now + .seconds(1) : nil
    }

    func settle() throws(DeployError) {
        guard let worker, let result = worker.finished else { return }
        self.worker = nil
        let problem: String? =
            switch result {
            case .outcome: nil
            case .failed(let error, _): explanation(of: error).reason
            }
        let id = worker.deployment
        let pause = try keeper.store.write { history -> Int64? in
            guard var deployment = try history.deployment(id), let push = deployment.push else { return nil }
            let (tried, pause) = push.tried(problem, at: Clock.now)
            deployment.push = tried
            try history.save(deployment)
            return pause
        }
        workshop.fault.reach(worker.stage.rawValue, "saved")
        // What was deployed meanwhile is looked for at once.
        next = next ?? pause.map { .now + .milliseconds($0) }
        keeper.board.warn("push", problem.map { "deployment \(id) is not pushed: \($0.plain())" })
        try keeper.show()
    }
}
