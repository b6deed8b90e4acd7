internal import CLinux
internal import DeployModel
internal import LinuxSystem
package import SystemPackage

/// The protocol over HTTP on the loopback address: one request a connection, one answer; where progress is asked for, as a stream of events that ends
/// with the answer. There are no sessions.
package final class HTTPListener: Sendable {
    package let port: UInt16
    private let socket: SharedDescriptor
    private let dialogue: Dialogue
    private let gate: HTTPGate
    private let places = Places()

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
            guard let place = places.take(connection) else { continue }
            do {
                _ = try SystemThread("mcp-http") { [self] in
                    Exchange(connection, gate, dialogue).run(seconds: Self.patience) { places.keep(place) }
                    places.leave(place)
                }
            } catch {
                places.leave(place)
            }
        }
    }
}

/// Who is served at a time. Everybody on the machine may connect, so a place is kept only by whoever has shown the token: of the others
/// the one that came first makes room for the next.
private final class Places: Sendable {
    private static let most = 32

    private struct State {
        var last = 0
        var strangers: [Int: SharedDescriptor] = [:]
        var known: Set<Int> = []
    }

    private let state = Lock(State())

    /// Nil where everybody served has shown the token.
    func take(_ connection: SharedDescriptor) -> Int? {
        state.withLock { state in
            if state.strangers.count + state.known.count >= Self.most {
                guard let first = state.strangers.keys.min(), let gone = state.strangers.removeValue(forKey: first) else {
                    return nil
                }
                // Its thread, which holds it too, finds it at its end.
                shutdown(gone.descriptor.rawValue, Int32(SHUT_RDWR))
            }
            state.last += 1
            state.strangers[state.last] = connection
            return state.last
        }
    }

    /// One has shown the token; false where its place was given away meanwhile.
    func keep(_ place: Int) -> Bool {
        state.withLock { state in
            guard state.strangers.removeValue(forKey: place) != nil else { return false }
            state.known.insert(place)
            return true
        }
    }

    func leave(_ place: Int) {
        state.withLock { state in
            state.strangers[place] = nil
            state.known.remove(place)
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

    /// - Parameter keep: takes the place for good, of whoever has shown the token; false where it is gone.
    func run(seconds: Int, keep: () -> Bool) {
        do throws(HTTPRefusal) {
            guard let request = try receive(seconds: seconds) else { return }
            try gate.admit(request)
            if keep() { answer(request) }
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
            let message: Message
            do throws(MessageFault) {
                message = try Message(request.body)
            } catch {
                id = error.id
                throw error.error
            }
            if case .request(let asked) = message {
                id = asked.id
                isStateless = isStateless || asked.meta?[Dialogue.versionKey] != nil
            }
            try HTTPGate.compare(request, with: message)
            guard case .request(let asked) = message else { return send(202, nil) }
            // What is wrong with the request itself is answered with a status, which a stream has no more.
            let cancels = try Dialogue.era(of: asked) != nil
            guard let token = asked.progressToken, asked.method == "tools/call", gate.accepts("text/event-stream", request) else {
                let call = ToolCall(tell: { _ in }, isAbandoned: { [connection] in cancels && Self.isGone(connection) })
                let result = try dialogue.answer(asked, call)
                return send(200, response(to: id, .success(result)))
            }
            stream(asked, token, cancels: cancels)
        } catch {
            send(error.status(isStateless: isStateless), response(to: id, .failure(error)))
        }
    }

    /// - Parameter cancels: whether nobody waits any more once the client is gone.
    private func stream(_ request: Message.Request, _ token: JSONValue, cancels: Bool) {
        write(
            Array("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n".utf8)
        )
        let count = Lock(0)
        let connection = self.connection
        let call = ToolCall(
            tell: { words in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                Self.write(Self.event(progress(token, number, words)), to: connection)
            }, isAbandoned: { cancels && Self.isGone(connection, asking: Array(":\n\n".utf8)) })
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

    /// Whether the client has gone, which cancels in the later era; in the earlier it says nothing (2025-11-25, Transports).
    ///
    /// That it sends no more does not make it gone: it may wait for the answer all the same. Only what is written to a connection that
    /// is closed comes back.
    /// - Parameter comment: what may be written to a stream at any time and is passed over.
    private static func isGone(_ connection: SharedDescriptor, asking comment: [UInt8]? = nil) -> Bool {
        func seen() -> Int32 {
            var question = pollfd(fd: connection.descriptor.rawValue, events: Int16(POLLRDHUP), revents: 0)
            _ = unsafe poll(&question, 1, 0)
            return Int32(question.revents)
        }
        let closed = Int32(POLLHUP) | Int32(POLLERR)
        let now = seen()
        guard now & closed == 0, now & Int32(POLLRDHUP) != 0, let comment else { return now & closed != 0 }
        write(comment, to: connection)
        return seen() & closed != 0
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
