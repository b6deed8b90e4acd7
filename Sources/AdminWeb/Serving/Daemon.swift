internal import AdminClient
internal import AdminInterface
internal import DeployModel
internal import LinuxSystem
internal import NIOPosix

/// The deploy daemon as the page asks it: what reads, and answers that a passkey signed; by few connections at a time, however many pages are open.
final class Daemon: Sendable {
    /// Of the socket's places that this process takes at most, with one more to wait for news.
    static let connections = 4
    /// How many may wait for one of them.
    static let waiting = 256

    private let client: AdminClient
    private let threads = NIOThreadPool(numberOfThreads: Daemon.connections)
    private let pending = Lock(0)
    /// The change shown last: it is the same as long as it is compared with the same, and whoever reads it reads several pages of it.
    private let change = Lock<(deployment: Int, base: CommitID?, against: DiffBase, context: Int, diff: Diff)?>(nil)

    init(socketPath: String, reachedAt reached: String) {
        client = AdminClient(socketPath: socketPath, reachedAt: reached)
        threads.start()
    }

    func stop() async { try? await threads.shutdownGracefully() }

    func status() async throws -> StatusDocument { try await ask { try $0.ask(.status) } }
    func show(_ id: Int) async throws -> Deployment { try await ask { try $0.ask(.show, ["\(id)"]) } }

    func policy() async throws -> PolicyAnswer { try await ask { try $0.ask(.policy) } }

    func answer(_ verdict: PersonAnswer.Verdict, _ commit: String, _ request: AnswerRequest) async throws {
        let route: Route = verdict == .approve ? .approve : .reject
        let _: Deployment = try await ask { try $0.ask(route, [commit], sending: request) }
    }

    func events() async throws -> EventList { try await ask { try $0.ask(.events, query: [(name: Query.limit, value: "500")]) } }

    func history(before: Int?, state: DeploymentState? = nil) async throws -> HistoryPage {
        let query =
            [(name: Query.limit, value: "50")] + (before.map { [(name: Query.before, value: "\($0)")] } ?? [])
            + (state.map { [(name: Query.state, value: $0.rawValue)] } ?? [])
        return try await ask { try $0.ask(.history, query: query) }
    }

    func output(_ id: Int, from: Int) async throws -> LogPage {
        try await ask { try $0.ask(.log, ["\(id)"], query: [(name: Query.from, value: "\(from)")]) }
    }

    func diff(_ deployment: Deployment, _ look: DiffLook) async throws -> Diff {
        // What was deployed when it came is not known before it has been classified.
        let (id, base, against, context) = (deployment.id, deployment.base, look.base, look.context)
        if let known = change.withLock({ $0 }),
            (known.deployment, known.base, known.against, known.context) == (id, base, against, context)
        {
            return known.diff
        }
        let diff = try await ask {
            let query = [(name: Query.against, value: "\(against)"), (name: Query.context, value: "\(context)")]
            return Diff(reading: try $0.bytes(.diff, ["\(id)"], query: query))
        }
        change.withLock { $0 = (id, base, against, context, diff) }
        return diff
    }

    /// Waits on the calling thread until there is a later revision than `revision`, for `seconds` at most.
    func revision(after revision: Int, seconds: Int) throws -> Int {
        let query = [(name: Query.after, value: "\(revision)"), (name: Query.wait, value: "\(seconds)")]
        return try client.ask(.status, query: query, as: StatusDocument.self).revision
    }

    private func ask<Answer: Sendable>(_ body: @escaping @Sendable (AdminClient) throws -> Answer) async throws -> Answer {
        let isTaken = pending.withLock { count in
            guard count < Self.waiting else { return false }
            count += 1
            return true
        }
        guard isTaken else { throw Problem(.busy, "too many pages are being read at once; try again in a moment") }
        defer { pending.withLock { $0 -= 1 } }
        let client = client
        do {
            return try await threads.runIfActive { try body(client) }
        } catch let error as AdminClientError {
            if case .problem(let problem) = error { throw problem }
            throw Problem(.unavailable, "\(error)")
        }
    }
}
