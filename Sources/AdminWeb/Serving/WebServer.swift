internal import AdminInterface
internal import CLinux
internal import HTTPServing
internal import HTTPTypes
internal import HummingbirdCore
internal import LinuxSystem
package import Logging
internal import NIOCore
internal import NIOPosix
internal import QuietTasks

/// Why the page is served no more, in a sentence.
package struct WebServerError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The page's own listener, for one session: from the link to its end.
package struct WebServer: Sendable {
    package struct Settings: Hashable, Sendable {
        /// The review page's socket of the deploy daemon.
        package var socketPath: String
        /// The path by which this process reaches it.
        package var reached: String
        package var agentUserID: UInt32
        /// 0: any that is free.
        package var port: Int
        /// How long the link can be used, in seconds.
        package var linkSeconds = 60
        /// How long the session lasts, in seconds.
        package var sessionSeconds = 8 * 3600
        /// How many connections there are at most; one user has half of them, and is told so beyond that.
        package var places = 512
        /// How many seconds a connection may be silent while a request is expected of it.
        package var patience: Int64 = 30

        package init(socketPath: String, reachedAt reached: String, agentUserID: UInt32, port: Int) {
            (self.socketPath, self.reached, self.agentUserID, self.port) = (socketPath, reached, agentUserID, port)
        }
    }

    private let settings: Settings
    private let logger: Logger

    package init(settings: Settings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// Serves until the session is ended, is too old, or the task is cancelled.
    /// - Parameter whenReady: called once with the link.
    /// - Throws: ``WebServerError`` where the port cannot be had, or where nobody used the link in time.
    package func run(whenReady: @escaping @Sendable (_ link: String) async -> Void) async throws {
        let daemon = Daemon(socketPath: settings.socketPath, reachedAt: settings.reached)
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Void, any Error>
        do {
            // Before a link is printed that leads to an error.
            _ = try await daemon.status()
            try await serve(daemon, loops, whenReady)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await daemon.stop()
        try? await loops.shutdownGracefully()
        try result.get()
    }

    private func serve(
        _ daemon: Daemon, _ loops: MultiThreadedEventLoopGroup, _ whenReady: @escaping @Sendable (String) async -> Void
    ) async throws {
        let session = Session(lasting: settings.linkSeconds)
        let (ended, isEnded) = AsyncStream<Void>.makeStream()
        let gate = Gate(host: session.host, agentUserID: settings.agentUserID)
        let door = Door(agentUserID: settings.agentUserID, places: settings.places)
        let site = Site(
            gate: gate, session: session, daemon: daemon, news: News(daemon),
            whenEnded: {
                // After its answer has gone out.
                loops.next().scheduleTask(in: .milliseconds(500)) { isEnded.finish() }
            })
        let port = try await Self.freePort(settings.port, loops)
        let listening = Lock(0)
        let addresses = port.hasVersion6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]
        let queue = QuietQueue(label: "pinfold.web")
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for address in addresses {
                    group.addTask(executorPreference: queue) {
                        try await listen(at: address, port.number, site, door, loops) {
                            let count = listening.withLock {
                                $0 += 1; return $0
                            }
                            // Both, or somebody else could be met at the other address of the same name.
                            if count == addresses.count {
                                await whenReady("http://\(session.host):\(port.number)/#\(session.token)")
                            }
                        }
                        throw WebServerError("the listener at \(address) was closed")
                    }
                }
                group.addTask(executorPreference: queue) {
                    for await _ in ended {}
                }
                group.addTask(executorPreference: queue) {
                    try await Task.sleep(for: .seconds(settings.linkSeconds))
                    guard session.isOpen else {
                        throw WebServerError(
                            "nobody opened the link within \(settings.linkSeconds) seconds; start 'pinfold web' again for another")
                    }
                    try await Task.sleep(for: .seconds(settings.sessionSeconds))
                    session.end()
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError where Task.isCancelled {
            return
        }
    }

    private func listen(
        at address: String, _ port: Int, _ site: Site, _ door: Door, _ loops: MultiThreadedEventLoopGroup,
        whenListening: @escaping @Sendable () async -> Void
    ) async throws {
        let server = Server(
            childChannelSetup: Connections(patience: settings.patience, refusal: { Self.refusal($0, door) }) {
                request, writer, channel in
                let response = await site.respond(to: request, Self.visitor(request, channel, door))
                try await writer.write(response: response.head, body: response.body)
            },
            // Accepting never stops: whoever fills the queue in front of it is sent away from there.
            configuration: ServerConfiguration(address: .hostname(address, port: port), backlog: 1024, reuseAddress: false),
            onServerRunning: { _ in await whenListening() }, eventLoopGroup: loops, logger: logger)
        do {
            try await server.run()
        } catch let error as IOError {
            throw WebServerError("nothing can be served at \(address), port \(port): \(error)")
        }
    }

    /// What a connection is told that gets no place; nil for one that has one, until it is closed.
    private static func refusal(_ channel: any Channel, _ door: Door) -> String? {
        func end(_ address: SocketAddress?) -> LoopbackEnd? {
            guard let address, let text = address.ipAddress, let port = address.port else { return nil }
            return LoopbackEnd(address: text, port: port)
        }
        let connection = ObjectIdentifier(channel)
        do throws(Problem) {
            try door.enter(connection, end(channel.remoteAddress), end(channel.localAddress))
            channel.closeFuture.whenComplete { _ in door.leave(connection) }
            return nil
        } catch {
            return Door.answer(error)
        }
    }

    private static func visitor(_ request: Request, _ channel: any Channel, _ door: Door) -> Visitor {
        Visitor(
            uid: door.owner(of: ObjectIdentifier(channel)), port: channel.localAddress?.port, isPost: request.method != .get,
            host: request.head.authority, origin: request.headers[.origin],
            site: HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] })
    }

    /// A port that is free at both addresses to which a browser takes `*.localhost`: with one of them left over, the agent could listen
    /// there, on the same name and port, and be sent the cookie. Who takes it between this and the listening ends this process, no more.
    private static func freePort(
        _ wanted: Int, _ loops: MultiThreadedEventLoopGroup
    ) async throws -> (number: Int, hasVersion6: Bool) {
        for _ in 0..<16 {
            guard let first = try await tried("127.0.0.1", wanted, loops) else {
                throw WebServerError("port \(wanted) of 127.0.0.1 is in use; choose another")
            }
            do {
                if try await tried("::1", first, loops) != nil { return (first, true) }
            } catch let error as IOError where [EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.errnoCode) {
                // A machine without it: nobody can listen there.
                return (first, false)
            }
            if wanted != 0 { throw WebServerError("port \(wanted) of ::1 is in use; choose another") }
        }
        throw WebServerError("no port is free at both 127.0.0.1 and ::1")
    }

    /// The port, which is free; nil where it is in use.
    private static func tried(_ address: String, _ port: Int, _ loops: MultiThreadedEventLoopGroup) async throws -> Int? {
        do {
            let channel = try await ServerBootstrap(group: loops).serverChannelOption(.socketOption(.so_reuseaddr), value: 0)
                .bind(host: address, port: port).get()
            let found = channel.localAddress?.port
            try await channel.close()
            return found
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            return nil
        }
    }
}
