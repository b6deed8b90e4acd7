import AdminInterface
import AdminServer
import DeployModel
import LinuxSystem
import Logging
import QuietTasks
import TestSupport

/// A deploy daemon that only tells, for the page to read.
struct TellingService: DeployServing {
    final class State: Sendable {
        let revision = Lock(4)
        /// While false the deployment is compared with nothing, as before it has been classified.
        let isClassified = Lock(true)
    }

    /// What there is to tell.
    enum Tale: String, Sendable, CaseIterable {
        case usual
        /// Nothing has happened yet.
        case empty
        /// Every question fails.
        case failed
        /// As much as records and pages can hold.
        case huge
    }

    let state = State()
    let change: [UInt8]
    var tale = Tale.usual
    private func fail() throws(DeployError) { if tale == .failed { throw .broken("the disk is full: \(Records.evil)") } }

    func status() throws(DeployError) -> StatusDocument {
        do {
            var status =
                tale == .empty
                ? StatusDocument(revision: 1, updated: Records.moment, branch: "main", target: "/t") : try Records.status()
            if tale == .huge { status = try Records.hugeStatus() }
            status.revision = state.revision.withLock { $0 }
            return status
        } catch { throw .broken("\(error)") }
    }

    func show(_ id: Int) throws(DeployError) -> Deployment {
        try fail()
        guard id == 7, tale != .empty, var deployment = try? tale == .huge ? Records.hugeDeployment() : Records.deployment() else {
            throw .notFound("there is no deployment \(id)")
        }
        if !state.isClassified.withLock({ $0 }) { deployment.base = nil }
        return deployment
    }

    func history(limit: Int, before: Int?, state: DeploymentState?) throws(DeployError) -> [Deployment] {
        switch tale {
        case .empty: []
        case .huge: Array(repeating: try show(7), count: limit)
        default: [try show(7)]
        }
    }
    func log(_ id: Int, from offset: Int, limit: Int) throws(DeployError) -> LogPage {
        try fail()
        let text = tale == .huge ? String(repeating: "\(Records.evil) and on\n", count: 20_000) : Records.evil
        return LogPage(text: text, next: 10, complete: true)
    }
    func diff(_ id: Int, against base: DiffBase, context: Int) async throws(DeployError) -> [UInt8] {
        try fail()
        guard state.isClassified.withLock({ $0 }) else { return Records.whole }
        return tale == .huge ? Records.hugeChange : change
    }
    func change(after revision: Int, withinMilliseconds milliseconds: Int) async -> Int {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while state.revision.withLock({ $0 }) <= revision, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))
        }
        return state.revision.withLock { $0 }
    }
    func record(_ event: Event) {}
    func events(limit: Int) throws(DeployError) -> [Event] {
        try fail()
        return tale == .empty ? [] : tale == .huge ? Array(repeating: Records.events[0], count: limit) : Records.events
    }

    // The page asks nothing of these.
    private func refuse() -> DeployError { .forbidden("the page only reads") }
    func surface(of path: String) async throws(DeployError) -> SurfaceAnswer { throw refuse() }
    func policy() throws(DeployError) -> PolicyAnswer {
        try fail()
        if tale == .empty { return PolicyAnswer(.success(.rootAlone), file: nil, waiting: nil, at: Records.moment) }
        do {
            return PolicyAnswer(
                .success(try Records.policy()), file: "/etc/pinfold/approval.policy", waiting: try status().waiting,
                at: Records.moment)
        } catch { throw .broken("\(error)") }
    }
    func answer(
        _ verdict: PersonAnswer.Verdict, _ commit: String, _ request: AnswerRequest, by caller: Caller
    ) async throws(DeployError) -> Deployment { throw refuse() }
    func rollback(to id: Int?, by caller: Caller) async throws(DeployError) -> Deployment { throw refuse() }
    func reload(by caller: Caller) async throws(DeployError) -> Deployment { throw refuse() }
    func lift(_ commit: String, by caller: Caller) async throws(DeployError) -> Quarantine { throw refuse() }
    func hold(reason: String, by caller: Caller) async throws(DeployError) -> Hold { throw refuse() }
    func resume(by caller: Caller) async throws(DeployError) { throw refuse() }
    func deploy(_ request: DeployActionRequest, by caller: Caller) async throws(DeployError) -> Deployment { throw refuse() }
    func settled(_ id: Int, withinMilliseconds milliseconds: Int?) async throws(DeployError) -> Deployment { throw refuse() }
}

/// The page's own program, over a daemon that tells, and the link that it prints.
func serving(
    linkSeconds: Int = 60, change: [UInt8] = Records.change, tale: TellingService.Tale = .usual,
    _ body: (_ link: String, _ web: borrowing ChildProcess, _ service: TellingService) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        try makeDirectories(directory + "/deployments")
        let service = TellingService(change: change, tale: tale)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let socket = directory + "/deployments/review/review.sock"
        let server = AdminServer(
            service, rules: NoRules(),
            settings: .init(
                adminSocket: directory + "/deployments/admin/admin.sock", reviewSocket: socket,
                agentSocket: directory + "/deployments/agent/deploy.sock", agentUserID: agentID, agentGroupID: agentID),
            logger: logger)
        let (ready, isReady) = AsyncStream<Void>.makeStream()
        let running = Task(executorPreference: QuietQueue(label: "pinfold.test.daemon")) {
            defer { isReady.finish() }
            try await server.run { isReady.finish() }
        }
        for await _ in ready {}
        do {
            let (output, errors) = (directory + "/link", directory + "/errors")
            let web = try ChildProcess(
                .init(
                    "/bin/sh",
                    [
                        "-c", "exec \"$0\" \"$@\" >'\(output)' 2>'\(errors)'", Executables.web, "--socket",
                        socket,
                        "--agent-user-id", "\(agentID)", "--link-seconds", "\(linkSeconds)",
                    ], environment: mergedEnvironment([:]), workingDirectory: "/"))
            try await eventually("it prints a link") { (try? readFile(output))?.hasSuffix("\n") == true }
            let link = String(try readFile(output).dropLast())
            try await body(link, web, service)
        } catch {
            running.cancel()
            try? await running.value
            throw error
        }
        running.cancel()
        try await running.value
    }
}

let agentID: UInt32 = 61_235
