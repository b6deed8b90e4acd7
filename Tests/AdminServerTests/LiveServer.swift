import AdminClient
import AdminServer
import CLinux
import LinuxSystem
import Logging
import TestSupport

/// The agent's user in these tests: nobody's, so that nothing else on the machine runs as it.
let agentID: UInt32 = 61_234

/// A server over a fake service, on sockets of its own.
struct LiveServer: Sendable {
    let dataRoot: String
    private let serverThread = ThreadExecutor()
    private let testThread = ThreadExecutor()

    init(dataRoot: String) throws {
        self.dataRoot = dataRoot
        try makeDirectories(dataRoot + "/deployments")
    }

    var adminSocket: String { dataRoot + "/deployments/admin/admin.sock" }
    var reviewSocket: String { dataRoot + "/deployments/review/review.sock" }
    var agentSocket: String { dataRoot + "/deployments/agent/deploy.sock" }
    var admin: AdminClient { AdminClient(socketPath: adminSocket) }
    var agent: AdminClient { AdminClient(socketPath: agentSocket) }

    /// Serves while `body` runs; ends with the server stopped.
    func serving<Result>(
        _ service: FakeService, connections: Int = 64, patience: Int64 = 30, _ body: () async throws -> Result
    ) async throws -> Result {
        var settings = AdminServer.Settings(
            adminSocket: adminSocket, reviewSocket: reviewSocket, agentSocket: agentSocket, agentUserID: agentID,
            agentGroupID: agentID)
        settings.connections = connections
        settings.patience = patience
        let (ready, isReady) = AsyncStream<Void>.makeStream()
        let server = AdminServer(service, rules: FixedRules(), settings: settings, logger: quietLogger())
        let running = Task(executorPreference: serverThread) {
            defer { isReady.finish() }
            try await server.run(whenReady: { isReady.finish() })
        }
        return try await withTaskExecutorPreference(testThread) {
            for await _ in ready {}
            do {
                // It may have ended instead.
                if !exists(adminSocket) || !exists(agentSocket) { try await running.value }
                let result = try await body()
                running.cancel()
                try await running.value
                return result
            } catch {
                running.cancel()
                try? await running.value
                throw error
            }
        }
    }

    /// Runs the command line as the user `uid` and waits for it on a thread of its own.
    func pinfold(_ arguments: String..., as uid: UInt32 = 0) async throws -> Finished { try await pinfold(arguments, as: uid) }

    func pinfold(_ arguments: [String], as uid: UInt32 = 0) async throws -> Finished {
        let program = dataRoot + "/pinfold"
        // A copy: the build directory need not be open to other users.
        if !exists(program) { try run("cp", [Executables.pinfold, program]).requireSuccess() }
        let dataRoot = dataRoot
        return try await onThread {
            try run(
                program, arguments, environment: ["AGENT_DATA_ROOT": dataRoot], workingDirectory: "/",
                user: uid == 0 ? nil : (uid, uid), seconds: 100)
        }
    }
}

func quietLogger() -> Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    return logger
}
