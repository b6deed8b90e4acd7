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
    private let refusal: @Sendable (any Channel) -> String?

    /// - Parameters:
    ///   - patience: how many seconds a connection may be silent while a request is expected of it.
    ///   - refusal: asked once of each connection, on its event loop, as soon as it is accepted: what one that is not let in is told, a whole
    ///     answer. It is closed with that, whatever it sends.
    package init(
        patience: Int64, refusal: @escaping @Sendable (any Channel) -> String? = { _ in nil },
        _ responder: @escaping HTTPChannelHandler.Responder
    ) {
        base = HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(patience)))
        self.refusal = refusal
    }

    package struct Accepted: ServerChildChannelValue {
        package let channel: any Channel
        fileprivate let refusal: String?
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Accepted> {
        channel.setOption(.autoRead, value: false).map { Accepted(channel: channel, refusal: refusal(channel)) }
    }

    package func handle(value: Accepted, logger: Logger) async {
        let channel = value.channel
        if let refusal = value.refusal {
            // It fits into the kernel's buffer, so that nobody is waited for.
            channel.writeAndFlush(ByteBuffer(string: refusal)).whenComplete { _ in channel.close(promise: nil) }
            return
        }
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
