package import AdminInterface
internal import CLinux
internal import Hummingbird
internal import HummingbirdCore
internal import LinuxSystem
package import Logging
internal import NIOCore
internal import NIOPosix
internal import QuietTasks
internal import SystemPackage

/// The daemon's two sockets: made, served, and taken away again.
package struct AdminServer: Sendable {
    package struct Settings: Hashable, Sendable {
        /// `deployments/admin/admin.sock`.
        package var adminSocket: String
        /// `deployments/agent/deploy.sock`; its directory is bound into the view of `pinfold run`.
        package var agentSocket: String
        package var agentUserID: UInt32
        package var agentGroupID: UInt32
        /// How many seconds a connection may be silent while a request is expected of it.
        package var patience: Int64 = 30
        /// How many connections a socket takes in at a time; more wait their turn.
        package var connections = 64

        package init(adminSocket: String, agentSocket: String, agentUserID: UInt32, agentGroupID: UInt32) {
            self.adminSocket = adminSocket
            self.agentSocket = agentSocket
            self.agentUserID = agentUserID
            self.agentGroupID = agentGroupID
        }
    }

    private let service: any DeployServing
    private let settings: Settings
    private let logger: Logger

    package init(_ service: any DeployServing, settings: Settings, logger: Logger) {
        self.service = service
        self.settings = settings
        self.logger = logger
    }

    /// Serves both sockets until the task is cancelled; requests that are under way then are answered with what is so far, or cut off.
    /// - Parameter whenReady: called once, when both can be connected to.
    /// - Throws: ``AdminServerError`` where a socket cannot be had: another daemon's, another user's, or a file in its place.
    package func run(whenReady: @escaping @Sendable () async -> Void = {}) async throws {
        let ready = Countdown(2, then: whenReady)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: QuietQueue(label: "pinfold.admin")) {
                    try await serve(.admin, settings.adminSocket, directoryMode: 0o700, ready)
                }
                group.addTask(executorPreference: QuietQueue(label: "pinfold.agent")) {
                    try await serve(.agent, settings.agentSocket, directoryMode: 0o755, ready)
                }
                // One without the other is no daemon: whichever ends takes the other with it.
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError where Task.isCancelled {
            return
        }
    }

    private func serve(_ role: Door.Role, _ path: String, directoryMode: UInt32, _ ready: Countdown) async throws {
        let place = try SocketPlace(preparing: path, directoryMode: directoryMode)
        // Its name may lead through a directory's descriptor, which stays open to the end of this function.
        let reachable: UnixSocketPath
        do {
            // NIO takes 103 bytes, what fits on the smallest of its systems.
            reachable = try UnixSocketPath.reaching(path, longest: 103)
        } catch {
            throw AdminServerError("no socket can be made at \(path): \(error)")
        }
        // A loop and a queue of its own: what the agent sends, and how much of it, never takes time from the admin's socket.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let failure = Lock<AdminServerError?>(nil)
        let result: Result<Void, any Error>
        do {
            try await answer(role, at: reachable.name, loops) { channel in
                do {
                    if role == .agent { try place.open(toGroup: settings.agentGroupID) }
                    await ready.reached()
                } catch {
                    failure.withLock { $0 = AdminServerError("the agent cannot be let in at \(path): \(error)") }
                    try? await channel.close()
                }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        place.remove()
        try? await loops.shutdownGracefully()
        if let failure = failure.withLock({ $0 }) { throw failure }
        try result.get()
        // Cancelled, it ends without an error; otherwise nobody could be served from now on, and nobody would know.
        if !Task.isCancelled { throw AdminServerError("the socket \(path) was closed; nobody can ask anything there any more") }
    }

    /// Answers whoever connects, until the task is cancelled. The library's server is gone when this returns, before its loop is: it still
    /// needs that to go.
    private func answer(
        _ role: Door.Role, at name: String, _ loops: MultiThreadedEventLoopGroup,
        whenListening: @escaping @Sendable (any Channel) async -> Void
    ) async throws {
        let isStopping = Lock(false)
        let logger = StoppingLogHandler.logger(self.logger, isStopping: isStopping)
        let responder = buildResponder(service, door: Door(role, ownerID: geteuid(), agentID: settings.agentUserID))
        let server = Server(
            childChannelSetup: HTTP1Channel(
                responder: answering(responder, logger: logger), configuration: .init(idleTimeout: .seconds(settings.patience))),
            configuration: ServerConfiguration(
                address: .unixDomainSocket(path: name), backlog: 128,
                availableConnectionsDelegate: .maximum(settings.connections, logger: logger)),
            onServerRunning: whenListening, eventLoopGroup: loops, logger: logger)
        try await withTaskCancellationHandler {
            try await server.run()
        } onCancel: {
            isStopping.withLock { $0 = true }
        }
    }
}
