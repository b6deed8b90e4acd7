package import HummingbirdCore
package import Logging
package import NIOCore

/// HTTP/1.1 over the connections of a server that is stopped by cancelling its task.
///
/// Such a server drops what it has accepted and not begun to read. The library ends the process where an asynchronous channel is dropped
/// that nobody finished (`NIOAsyncWriter`). So one is made only of a connection that somebody handles, and nothing is read of the others:
/// they end with the event loop.
package struct Connections: ServerChildChannel {
    private let base: HTTP1Channel

    /// - Parameter patience: how many seconds a connection may be silent while a request is expected of it.
    package init(patience: Int64, _ responder: @escaping HTTPChannelHandler.Responder) {
        base = HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(patience)))
    }

    package struct Accepted: ServerChildChannelValue {
        package let channel: any Channel
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Accepted> {
        channel.setOption(.autoRead, value: false).map { Accepted(channel: channel) }
    }

    package func handle(value: Accepted, logger: Logger) async {
        let channel = value.channel
        do {
            let connection = try await channel.eventLoop.flatSubmit { base.setup(channel: channel, logger: logger) }.get()
            // Where it is closed by now, the reading says so.
            channel.setOption(.autoRead, value: true).whenComplete { _ in }
            await base.handle(value: connection, logger: logger)
        } catch {
            channel.close(promise: nil)
        }
    }
}
