internal import HTTPServing
internal import Hummingbird
internal import HummingbirdCore
internal import LinuxSystem
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SystemPackage

/// Answers whoever connects to a Unix socket: made, served, and taken away again.
struct SocketListener: Sendable {
    private let name: SocketName
    /// Whose members may connect beside the owner; nil for nobody's.
    private let group: UInt32?
    private let patience: Int64
    private let connections: Int
    private let logger: Logger

    /// - Parameters:
    ///   - patience: how many seconds a connection may be silent while a request is expected of it.
    ///   - connections: how many are taken in at a time.
    init(
        at path: String, directoryMode: UInt32, group: UInt32?, patience: Int64, connections: Int, logger: Logger
    ) throws(AdminServerError) {
        name = try SocketName(preparing: path, directoryMode: directoryMode)
        self.group = group
        self.patience = patience
        self.connections = connections
        self.logger = logger
    }

    /// Answers until the task is cancelled.
    /// - Parameter whenReady: called once, when it can be connected to.
    func answer(_ responder: some HTTPResponder<AdminContext>, whenReady: @escaping @Sendable () async -> Void) async throws {
        let path = name.path
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
            try await serve(responder, at: reachable.name, loops) { channel in
                do {
                    if let group { try name.open(toGroup: group) }
                    await whenReady()
                } catch {
                    failure.withLock { $0 = AdminServerError("nobody can be let in at \(path): \(error)") }
                    try? await channel.close()
                }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        name.remove()
        try? await loops.shutdownGracefully()
        if let failure = failure.withLock({ $0 }) { throw failure }
        try result.get()
        // Cancelled, it ends without an error; otherwise nobody could be served from now on, and nobody would know.
        if !Task.isCancelled { throw AdminServerError("the socket \(path) was closed; nobody can ask anything there any more") }
    }

    /// The library's server is gone when this returns, before its loop is: it still needs that to go.
    private func serve(
        _ responder: some HTTPResponder<AdminContext>, at name: String, _ loops: MultiThreadedEventLoopGroup,
        whenListening: @escaping @Sendable (any Channel) async -> Void
    ) async throws {
        let isStopping = Lock(false)
        let logger = StoppingLogHandler.logger(self.logger, isStopping: isStopping)
        let server = Server(
            childChannelSetup: Connections(patience: patience, answering(responder, logger: logger)),
            configuration: ServerConfiguration(
                address: .unixDomainSocket(path: name), backlog: 128,
                availableConnectionsDelegate: .maximum(connections, logger: logger)),
            onServerRunning: whenListening, eventLoopGroup: loops, logger: logger)
        try await withTaskCancellationHandler {
            try await server.run()
        } onCancel: {
            isStopping.withLock { $0 = true }
        }
    }
}
