internal import DeployModel
internal import FoundationEssentials

/// What is asked of a request before it is looked at as a message: who sends it, and whether its fields say what its body says.
struct HTTPGate: Sendable {
    let token: [UInt8]
    let port: UInt16
    static let path = "/mcp"

    /// - Throws: the refusal, by HTTP alone.
    func admit(_ request: HTTPRequest) throws(HTTPRefusal) {
        // A page in a browser on this machine may be led here by a name of its own (DNS rebinding): its Host or its Origin shows it.
        guard let host = request["host"], hosts.contains(host.lowercased()) else {
            throw HTTPRefusal(status: 403, message: "'Host' is 127.0.0.1:\(port) or localhost:\(port)")
        }
        if request.count(of: "origin") > 0 {
            guard let origin = request["origin"], hosts.contains(where: { origin.lowercased() == "http://\($0)" }) else {
                throw HTTPRefusal(status: 403, message: "pages of other origins may not ask here")
            }
        }
        guard let given = request["authorization"], Self.isEqual(Array(given.utf8), Array("Bearer ".utf8) + token) else {
            throw HTTPRefusal(status: 401, message: "the bearer token is missing or wrong")
        }
        guard request.path == Self.path else { throw HTTPRefusal(status: 404, message: "there is \(Self.path) and nothing else") }
        guard request.method == "POST" else {
            throw HTTPRefusal(status: 405, message: "messages are posted; there are no sessions and no streams to get")
        }
        let type = (request["content-type"] ?? "").split(separator: ";").first.map { $0.lowercased().filter { $0 != " " } }
        guard type == "application/json" else { throw HTTPRefusal(status: 415, message: "a message is application/json") }
        guard accepts("application/json", request) else { throw HTTPRefusal(status: 406, message: "answers are application/json") }
    }

    private var hosts: [String] { ["127.0.0.1:\(port)", "localhost:\(port)"] }

    /// Takes the same time wherever the two differ.
    private static func isEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        var difference = a.count == b.count ? 0 as UInt8 : 1
        for index in b.indices { difference |= b[index] ^ (a.isEmpty ? 0 : a[index % a.count]) }
        return difference == 0
    }

    func accepts(_ type: String, _ request: HTTPRequest) -> Bool {
        let accepted = request.fields.filter { $0.name == "accept" }.map(\.value).joined(separator: ",")
        guard !accepted.isEmpty else { return true }
        return accepted.split(separator: ",").contains { entry in
            let name = entry.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
            return name == type || name == "*/*" || name == type.prefix { $0 != "/" } + "/*"
        }
    }

    /// Holds the fields of the protocol against the message that they are about.
    static func compare(_ request: HTTPRequest, with message: Message) throws(RPCError) {
        for name in ["mcp-protocol-version", "mcp-method", "mcp-name"] where request.count(of: name) > 1 {
            throw RPCError(.headerMismatch, "the field \(name) is given more than once")
        }
        let header = request["mcp-protocol-version"]
        guard case .request(let message) = message, let version = message.meta?[Dialogue.versionKey] else {
            guard let header else { return }
            let served = Dialogue.statelessVersions + Dialogue.handshakeVersions
            guard served.contains(header) else { throw Dialogue.unsupported(header, served: served) }
            if case .request(let message) = message, Dialogue.statelessVersions.contains(header) {
                throw RPCError(
                    .invalidParameters,
                    "'\(message.method.prefix(100))' lacks \(Dialogue.versionKey) in '_meta', which \(header) asks for")
            }
            return
        }
        guard version.string == nil || header == version.string else {
            throw RPCError(.headerMismatch, "the field MCP-Protocol-Version is not what the message says")
        }
        guard request["mcp-method"] == message.method else {
            throw RPCError(.headerMismatch, "the field Mcp-Method is not the message's method")
        }
        guard message.method == "tools/call", let name = message.parameters?["name"]?.string else { return }
        guard let given = request["mcp-name"], decoded(given) == name else {
            throw RPCError(.headerMismatch, "the field Mcp-Name is not the tool's name")
        }
    }

    /// A value that no field can hold as it is comes as `=?base64?…?=`.
    private static func decoded(_ value: String) -> String? {
        let (start, end) = ("=?base64?", "?=")
        guard value.hasPrefix(start), value.hasSuffix(end), value.utf8.count >= start.utf8.count + end.utf8.count else {
            return value
        }
        let payload = String(value.dropFirst(start.count).dropLast(end.count))
        guard let data = Data(base64Encoded: payload), data.base64EncodedString() == payload else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}

extension RPCError {
    /// The HTTP status that goes with it in the later era; the earlier has 200 for whatever is an answer.
    func status(isStateless: Bool) -> Int {
        switch code {
        case .parse, .invalidRequest, .headerMismatch, .unsupportedVersion: 400
        case .invalidParameters: isStateless ? 400 : 200
        case .methodNotFound: isStateless ? 404 : 200
        case .internalError: 200
        }
    }
}
