package import AdminInterface
internal import DeployModel
internal import FoundationEssentials
internal import HTTPAnswers
internal import LinuxSystem
internal import SystemPackage

/// Asks the deploy daemon, one connection a request, by blocking calls: a command has nothing else to do meanwhile, and starts at once.
package struct AdminClient: Sendable {
    /// What people are told of; `reached` is what is connected to.
    package let socketPath: String
    private let reached: String
    /// Seconds without a byte from the daemon after which it counts as gone. Longer than the longest wait that is ever asked for.
    private let patience: Int
    /// Whether the caller can start no daemon: told so, where there is none.
    private let isAgents: Bool

    /// The largest answer, in bytes: more than the daemon sends.
    private static let bodyLimit = 64 << 20

    /// - Parameter reached: the path by which this process gets to the socket, where that is another one.
    package init(
        socketPath: String, reachedAt reached: String? = nil, isAgents: Bool = false, patience: Int = 2 * Query.longestWait
    ) {
        self.socketPath = socketPath
        self.reached = reached ?? socketPath
        self.isAgents = isAgents
        self.patience = patience
    }

    /// Asks for what needs no further words.
    package func ask<Answer: Decodable>(
        _ route: Route, _ parameters: [String] = [], query: [(name: String, value: String)] = [],
        as answer: Answer.Type = Answer.self
    ) throws(AdminClientError) -> Answer {
        try decode(try exchange(route, parameters, query, body: nil))
    }

    /// Sends `request` along.
    package func ask<Answer: Decodable>(
        _ route: Route, _ parameters: [String] = [], sending request: some Encodable, as answer: Answer.Type = Answer.self
    ) throws(AdminClientError) -> Answer {
        let body: [UInt8]
        do {
            body = Array(try DeployJSON.encode(request))
        } catch {
            throw .incomprehensible(path: socketPath, why: "the request cannot be written as JSON: \(error)")
        }
        return try decode(try exchange(route, parameters, [], body: body))
    }

    /// Asks for bytes as they are.
    package func bytes(
        _ route: Route, _ parameters: [String] = [], query: [(name: String, value: String)] = []
    ) throws(AdminClientError) -> [UInt8] {
        let response = try exchange(route, parameters, query, body: nil)
        guard response.status == 200 else { throw problem(response) }
        return response.body
    }

    private func decode<Answer: Decodable>(_ response: HTTPAnswer) throws(AdminClientError) -> Answer {
        do {
            if (200..<300).contains(response.status) {
                return try DeployJSON.decode(Answer.self, from: Data(response.body))
            }
        } catch {
            throw .incomprehensible(path: socketPath, why: "its answer is not the expected JSON: \(error)")
        }
        throw problem(response)
    }

    private func problem(_ response: HTTPAnswer) -> AdminClientError {
        guard let problem = try? DeployJSON.decode(Problem.self, from: Data(response.body)) else {
            return .incomprehensible(path: socketPath, why: "it answered with status \(response.status) and no explanation")
        }
        return .problem(problem)
    }

    private func exchange(
        _ route: Route, _ parameters: [String], _ query: [(name: String, value: String)], body: [UInt8]?
    ) throws(AdminClientError) -> HTTPAnswer {
        var head =
            "\(route.method.rawValue) \(route.target(parameters, query: query)) HTTP/1.1\r\nHost: pinfold\r\nConnection: close\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        let stream = try connect()
        try send(Array((head + "\r\n").utf8) + (body ?? []), to: stream)
        var parser = HTTPAnswerParser(bodyLimit: Self.bodyLimit)
        while true {
            let bytes = try receive(from: stream)
            let answer = try understand { () throws(HTTPFault) in bytes.isEmpty ? try parser.end() : try parser.take(bytes) }
            if let answer { return answer }
        }
    }

    private func connect() throws(AdminClientError) -> UnixStream {
        do {
            return try UnixStream(connectingTo: reached, patience: patience)
        } catch {
            throw .unreachable(path: socketPath, why: words(error))
        }
    }

    private func send(_ bytes: [UInt8], to stream: borrowing UnixStream) throws(AdminClientError) {
        do {
            try stream.send(bytes)
        } catch {
            // A daemon that refuses early may close before it has read everything: its answer is there to be read all the same.
            if error != .brokenPipe { throw interrupted(error) }
        }
    }

    private func receive(from stream: borrowing UnixStream) throws(AdminClientError) -> [UInt8] {
        do {
            return try stream.receive()
        } catch {
            throw interrupted(error)
        }
    }

    private func interrupted(_ code: Errno) -> AdminClientError {
        .interrupted(
            path: socketPath, why: code == .resourceTemporarilyUnavailable ? "nothing came for \(patience) seconds" : "\(code)")
    }

    private func understand(_ body: () throws(HTTPFault) -> HTTPAnswer?) throws(AdminClientError) -> HTTPAnswer? {
        do {
            return try body()
        } catch {
            switch error {
            case .cutShort: throw .interrupted(path: socketPath, why: "it closed the connection")
            case .malformed(let why): throw .incomprehensible(path: socketPath, why: why)
            case .tooLarge: throw .incomprehensible(path: socketPath, why: "its answer has no end")
            }
        }
    }

    private var start: String {
        isAgents
            ? "it is started from outside; what is committed is deployed once it runs"
            : "start it with 'systemctl start pinfold-deployd' or 'pinfold deployd'"
    }

    private func words(_ code: Errno) -> String {
        switch code {
        case .noSuchFileOrDirectory: "there is no socket, so it is not running; \(start)"
        case .connectionRefused: "nobody listens there any more, so it is not running; \(start)"
        case .permissionDenied: "this user may not connect to it; it is for root and for the agent's user (sudo?)"
        case .resourceTemporarilyUnavailable: "it takes in no connection"
        default: "\(code)"
        }
    }
}
