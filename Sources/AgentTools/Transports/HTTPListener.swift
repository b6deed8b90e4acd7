internal import CLinux
internal import LinuxSystem
package import SystemPackage

/// The protocol over HTTP on the loopback address: one request a connection, one answer; where progress is asked for, as a stream of events that ends
/// with the answer. There are no sessions.
package final class HTTPListener: Sendable {
    package let port: UInt16
    private let socket: SharedDescriptor
    private let dialogue: Dialogue
    private let gate: HTTPGate
    private let connections = Lock(0)

    /// How many connections are served at a time; more are turned away.
    private static let most = 32
    /// How long a request may take to come, in seconds, however it dribbles.
    private static let patience = 10

    /// - Parameter port: 0 for one that is free.
    package init(port: UInt16, token: [UInt8], _ dialogue: Dialogue) throws(Errno) {
        let socket = SharedDescriptor(
            Descriptor(owning: try check { CLinux.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) }))
        let number = socket.descriptor.rawValue
        var yes: Int32 = 1
        _ = try check { unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size)) }
        // A sockaddr_in (`man 7 ip`): the family, the port and 127.0.0.1, the latter two in the network's order.
        let family = UInt16(AF_INET)
        var address: [UInt8] =
            [UInt8(truncatingIfNeeded: family), UInt8(family >> 8), UInt8(port >> 8), UInt8(port & 0xFF), 127, 0, 0, 1]
            + [UInt8](repeating: 0, count: 8)
        var size = socklen_t(address.count)
        _ = try check {
            unsafe address.withUnsafeBytes { bytes in
                unsafe bind(
                    number, __CONST_SOCKADDR_ARG(__sockaddr__: bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)), size)
            }
        }
        _ = try check { listen(number, 64) }
        _ = try check {
            unsafe address.withUnsafeMutableBytes { bytes in
                unsafe getsockname(
                    number, __SOCKADDR_ARG(__sockaddr__: bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)), &size)
            }
        }
        self.socket = socket
        self.port = UInt16(address[2]) << 8 | UInt16(address[3])
        self.dialogue = dialogue
        gate = HTTPGate(token: token, port: self.port)
    }

    /// Where clients find it.
    package var address: String { "http://127.0.0.1:\(port)\(HTTPGate.path)" }

    /// Serves until the process ends.
    package func serve() throws(Errno) {
        while true {
            let number = pinfold_accept_unix(socket.descriptor.rawValue)
            guard number >= 0 else {
                switch pinfold_errno() {
                case EINTR, ECONNABORTED: continue
                case EMFILE, ENFILE, ENOMEM, ENOBUFS:
                    SystemThread.sleep(milliseconds: 100)
                    continue
                default: throw Errno(rawValue: pinfold_errno())
                }
            }
            let connection = SharedDescriptor(Descriptor(owning: number))
            let isAdmitted = connections.withLock { count in
                if count >= Self.most { return false }
                count += 1
                return true
            }
            guard isAdmitted else { continue }
            do {
                _ = try SystemThread("mcp-http") { [self] in
                    Exchange(connection, gate, dialogue).run(seconds: Self.patience)
                    connections.withLock { $0 -= 1 }
                }
            } catch {
                connections.withLock { $0 -= 1 }
            }
        }
    }
}

/// One request and its answer, on a connection of its own.
private struct Exchange {
    private let connection: SharedDescriptor
    private let gate: HTTPGate
    private let dialogue: Dialogue

    init(_ connection: SharedDescriptor, _ gate: HTTPGate, _ dialogue: Dialogue) {
        (self.connection, self.gate, self.dialogue) = (connection, gate, dialogue)
    }

    func run(seconds: Int) {
        do throws(HTTPRefusal) {
            guard let request = try receive(seconds: seconds) else { return }
            try gate.admit(request)
            answer(request)
        } catch {
            let further =
                switch error.status {
                case 401: "WWW-Authenticate: Bearer\r\n"
                case 405: "Allow: POST\r\n"
                default: ""
                }
            send(error.status, ["error": .string(error.message)], further)
            // Closed with something unread, the connection would be reset, and the answer lost with it.
            drain()
        }
    }

    private func answer(_ request: HTTPRequest) {
        var id = JSONValue.null
        var isStateless = false
        do throws(RPCError) {
            isStateless = Dialogue.statelessVersions.contains(request["mcp-protocol-version"] ?? "")
            let message = try Message(request.body)
            if case .request(let asked) = message {
                id = asked.id
                isStateless = isStateless || asked.meta?[Dialogue.versionKey] != nil
            }
            try HTTPGate.compare(request, with: message)
            guard case .request(let asked) = message else { return send(202, nil) }
            guard let token = asked.progressToken, asked.method == "tools/call", gate.accepts("text/event-stream", request) else {
                let result = try dialogue.answer(asked, ToolCall(tell: { _ in }, isAbandoned: isAbandoned))
                return send(200, response(to: id, .success(result)))
            }
            // What is wrong with the request itself is answered with a status, which a stream has no more.
            _ = try Dialogue.era(of: asked)
            stream(asked, token)
        } catch {
            send(error.status(isStateless: isStateless), response(to: id, .failure(error)))
        }
    }

    private func stream(_ request: Message.Request, _ token: JSONValue) {
        write(
            Array("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n".utf8)
        )
        let count = Lock(0)
        let (connection, isAbandoned) = (self.connection, self.isAbandoned)
        let call = ToolCall(
            tell: { words in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                Self.write(Self.event(progress(token, number, words)), to: connection)
            }, isAbandoned: isAbandoned)
        let outcome = Result { () throws(RPCError) in try dialogue.answer(request, call) }
        write(Self.event(response(to: request.id, outcome)))
    }

    private static func event(_ message: JSONValue) -> [UInt8] {
        Array("event: message\ndata: ".utf8) + message.bytes + [0x0A, 0x0A]
    }

    /// Nil where the client went away, or took too long.
    private func receive(seconds: Int) throws(HTTPRefusal) -> HTTPRequest? {
        let end = ContinuousClock.now + .seconds(seconds)
        var parser = HTTPRequestParser()
        var hasAgreed = false
        while true {
            let left = Int32(max(0, (end - .now) / .milliseconds(1)))
            guard left > 0 else { throw HTTPRefusal(status: 408, message: "the request did not come within \(seconds) seconds") }
            var question = pollfd(fd: connection.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&question, 1, left) > 0 else { continue }
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(connection.descriptor.rawValue, &piece, piece.count, Int32(MSG_DONTWAIT))
            if count < 0, [EINTR, EAGAIN].contains(pinfold_errno()) { continue }
            guard count > 0 else { return nil }
            if let request = try parser.take(piece[..<count]) { return request }
            if parser.expectsContinue, !hasAgreed {
                hasAgreed = true
                write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
            }
        }
    }

    /// Whether the client has closed the connection: in this protocol that cancels.
    private var isAbandoned: @Sendable () -> Bool {
        let connection = self.connection
        return {
            var question = pollfd(fd: connection.descriptor.rawValue, events: Int16(POLLRDHUP), revents: 0)
            return unsafe poll(&question, 1, 0) > 0
        }
    }

    private func send(_ status: Int, _ body: JSONValue?, _ further: String = "") {
        let bytes = body?.bytes ?? []
        var head =
            "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Refused")\r\nContent-Length: \(bytes.count)\r\nConnection: close\r\n\(further)"
        if body != nil { head += "Content-Type: application/json\r\n" }
        write(Array((head + "\r\n").utf8) + bytes)
    }

    private static let phrases = [
        200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    ]

    private func write(_ bytes: [UInt8]) { Self.write(bytes, to: connection) }

    /// Gives up where the client takes nothing for ten seconds.
    private static func write(_ bytes: [UInt8], to connection: SharedDescriptor) {
        var rest = bytes[...]
        while !rest.isEmpty {
            var question = pollfd(fd: connection.descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&question, 1, 10_000) > 0 else { return }
            let count = unsafe rest.withUnsafeBytes {
                unsafe CLinux.send(
                    connection.descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0, [EINTR, EAGAIN].contains(pinfold_errno()) { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private func drain() {
        shutdown(connection.descriptor.rawValue, Int32(SHUT_WR))
        let end = ContinuousClock.now + .seconds(1)
        var piece = [UInt8](repeating: 0, count: 65_536)
        while ContinuousClock.now < end {
            var question = pollfd(fd: connection.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&question, 1, 100) > 0,
                unsafe recv(connection.descriptor.rawValue, &piece, piece.count, Int32(MSG_DONTWAIT)) > 0
            else { return }
        }
    }
}
