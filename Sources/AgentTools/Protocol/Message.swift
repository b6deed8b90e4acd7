package import DeployModel

/// What an answer says instead of a result (JSON-RPC 2.0, and the codes that the Model Context Protocol adds).
package struct RPCError: Error, Hashable, Sendable {
    package enum Code: Int, Hashable, Sendable {
        case parse = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParameters = -32602
        case internalError = -32603
        case headerMismatch = -32020
        case unsupportedVersion = -32022
    }

    package var code: Code
    package var message: String
    package var data: JSONValue?

    package init(_ code: Code, _ message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    package var value: JSONValue {
        var members: [String: JSONValue] = ["code": .integer(code.rawValue), "message": .string(message)]
        members["data"] = data
        return .object(members)
    }
}

/// Why bytes are no message, and which request that is about: its sender waits for an answer to that one.
package struct MessageFault: Error, Hashable, Sendable {
    /// `null` where it cannot be told.
    package var id: JSONValue
    package var error: RPCError
}

/// One message of a client's.
package enum Message: Hashable, Sendable {
    case request(Request)
    case notification(method: String, parameters: JSONValue?)
    /// An answer, to somebody who asks nothing.
    case answer

    package struct Request: Hashable, Sendable {
        /// A text or an integer.
        package var id: JSONValue
        package var method: String
        package var parameters: JSONValue?

        /// What goes along with a request and is about the exchange itself.
        var meta: JSONValue? { parameters?["_meta"] }
    }

    /// The largest message, in bytes: a commit message of 256 KiB, written as escapes.
    package static let limit = 2 << 20

    package init(_ bytes: some Sequence<UInt8>) throws(MessageFault) {
        let value: JSONValue
        do {
            value = try JSONValue(bytes)
        } catch {
            throw MessageFault(id: .null, error: RPCError(.parse, "this message \(error)"))
        }
        let id = value["id"]?.asRequestID
        func fault(_ words: String) -> MessageFault { MessageFault(id: id ?? .null, error: RPCError(.invalidRequest, words)) }
        guard let members = value.object else {
            throw fault("a message is one JSON object; there are no batches in the versions that are served")
        }
        guard members["jsonrpc"] == "2.0" else { throw fault("'jsonrpc' is \"2.0\"") }
        guard let method = members["method"] else {
            guard members["result"] != nil || members["error"] != nil else {
                throw fault("'method' is missing")
            }
            self = .answer
            return
        }
        guard let method = method.string else { throw fault("'method' is a text") }
        let parameters = members["params"]
        guard members["id"] != nil else {
            self = .notification(method: method, parameters: parameters)
            return
        }
        guard let id else { throw fault("'id' is a text or an integer") }
        self = .request(Request(id: id, method: method, parameters: parameters))
    }
}

extension JSONValue {
    fileprivate var asRequestID: JSONValue? {
        switch self {
        case .string, .integer: self
        default: nil
        }
    }
}

package func response(to id: JSONValue, _ outcome: Result<JSONValue, RPCError>) -> JSONValue {
    switch outcome {
    case .success(let result): ["jsonrpc": "2.0", "id": id, "result": result]
    case .failure(let error): ["jsonrpc": "2.0", "id": id, "error": error.value]
    }
}
