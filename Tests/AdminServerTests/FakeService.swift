import AdminInterface
import AdminServer
import DeployModel
import LinuxSystem

/// A deploy daemon that does nothing but remember: what is asked of it, and what the test makes it say.
final class FakeService: DeployServing {
    struct State {
        var status = Samples.emptyStatus
        var deployments: [Int: Deployment] = [:]
        var output = ""
        var outputIsComplete = true
        var change: [UInt8] = Array("--- a\n+++ b\n".utf8)
        /// How many lines around a change were asked for last.
        var context: Int?
        var events: [Event] = []
        /// What was called, with its arguments and the caller.
        var calls: [String] = []
        /// What every call that changes something throws.
        var failure: DeployError?
        /// While set, `deploy` does not return.
        var deployIsHeld = false
        /// How many have asked to wait for a change.
        var waits = 0
    }

    let state = Lock(State())

    init(_ deployments: Deployment...) {
        state.withLock { state in for deployment in deployments { state.deployments[deployment.id] = deployment } }
    }

    var calls: [String] { state.withLock { $0.calls } }
    var events: [Event] { state.withLock { $0.events } }

    /// Changes something, as the loop would.
    func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            state.status.revision += 1
        }
    }

    private func call(_ text: String, _ caller: Caller) throws(DeployError) {
        let failure = state.withLock { state -> DeployError? in
            state.calls.append("\(text) by \(caller.role) \(caller.uid)")
            return state.failure
        }
        if let failure { throw failure }
    }

    func status() throws(DeployError) -> StatusDocument { state.withLock { $0.status } }

    func history(limit: Int, before: Int?, state wanted: DeploymentState?) throws(DeployError) -> [Deployment] {
        state.withLock { state in
            Array(
                state.deployments.values.filter { $0.id < before ?? .max && $0.state == wanted ?? $0.state }.sorted {
                    $0.id > $1.id
                }.prefix(limit))
        }
    }

    func show(_ id: Int) throws(DeployError) -> Deployment {
        guard let deployment = state.withLock({ $0.deployments[id] }) else { throw .notFound("there is no deployment \(id)") }
        return deployment
    }

    func log(_ id: Int, from offset: Int, limit: Int) throws(DeployError) -> LogPage {
        _ = try show(id)
        return state.withLock { state in
            let piece = Array(state.output.utf8.dropFirst(offset).prefix(limit))
            let next = offset + piece.count
            return LogPage(
                text: String(decoding: piece, as: UTF8.self), next: next,
                complete: state.outputIsComplete && next >= state.output.utf8.count)
        }
    }

    func diff(_ id: Int, against base: DiffBase, context: Int) async throws(DeployError) -> [UInt8] {
        _ = try show(id)
        if case .deployment(let other) = base { _ = try show(other) }
        state.withLock { $0.context = context }
        return state.withLock { $0.change }
    }

    func surface(of path: String) async throws(DeployError) -> SurfaceAnswer {
        SurfaceAnswer(path: path, reason: TestSurface.builtIn.reason(for: Array(path.utf8))?.sentence, base: Samples.commit)
    }

    func events(limit: Int) throws(DeployError) -> [Event] { state.withLock { Array($0.events.reversed().prefix(limit)) } }

    func policy() throws(DeployError) -> PolicyAnswer {
        PolicyAnswer(.success(.rootAlone), file: nil, waiting: try status().waiting, at: Samples.moment)
    }

    func answer(
        _ verdict: PersonAnswer.Verdict, _ commit: String, _ request: AnswerRequest, by caller: Caller
    ) async throws(DeployError) -> Deployment {
        try call("\(verdict.rawValue) \(commit)" + (request.reason.map { " '\($0)'" } ?? ""), caller)
        return Samples.deployment(7, verdict == .approve ? .backingUp : .rejected)
    }

    func rollback(to id: Int?, by caller: Caller) async throws(DeployError) -> Deployment {
        try call("rollback \(id.map(String.init) ?? "-")", caller)
        let deployment = Samples.deployment(9, .deployed)
        change { $0.deployments[9] = deployment }
        return deployment
    }

    func reload(by caller: Caller) async throws(DeployError) -> Deployment {
        try call("reload", caller)
        let deployment = Samples.deployment(9, .deployed)
        change { $0.deployments[9] = deployment }
        return deployment
    }

    func lift(_ commit: String, by caller: Caller) async throws(DeployError) -> Quarantine {
        try call("lift \(commit)", caller)
        return Samples.quarantine
    }

    func hold(reason: String, by caller: Caller) async throws(DeployError) -> Hold {
        try call("hold '\(reason)'", caller)
        return Samples.hold
    }

    func resume(by caller: Caller) async throws(DeployError) { try call("resume", caller) }

    func deploy(_ request: DeployActionRequest, by caller: Caller) async throws(DeployError) -> Deployment {
        try call("deploy '\(request.commitMessage ?? "-")'\(request.forceDeploy ? " force" : "")", caller)
        while state.withLock({ $0.deployIsHeld }) { try? await Task.sleep(for: .milliseconds(5)) }
        return state.withLock { $0.deployments[8] } ?? Samples.deployment(8)
    }

    func change(after revision: Int, withinMilliseconds milliseconds: Int) async -> Int {
        state.withLock { $0.waits += 1 }
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while true {
            let now = state.withLock { $0.status.revision }
            if now != revision || ContinuousClock.now >= deadline || Task.isCancelled { return now }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    func settled(_ id: Int, withinMilliseconds milliseconds: Int?) async throws(DeployError) -> Deployment {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds ?? .max / 2000)
        while true {
            let deployment = try show(id)
            if deployment.isSettled || ContinuousClock.now >= deadline || Task.isCancelled { return deployment }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    func record(_ event: Event) { state.withLock { $0.events.append(event) } }
}
