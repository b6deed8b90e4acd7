package import DeployModel

/// One call of a tool: how it tells what happens, and whether anybody still waits for it.
package struct ToolCall: Sendable {
    /// Tells in words; does nothing where the client did not ask for it.
    package var tell: @Sendable (String) -> Void
    package var isAbandoned: @Sendable () -> Bool

    package init(tell: @escaping @Sendable (String) -> Void, isAbandoned: @escaping @Sendable () -> Bool) {
        self.tell = tell
        self.isAbandoned = isAbandoned
    }
}

/// What a tool answers.
struct ToolResult: Sendable {
    var texts: [String]
    var structured: JSONValue?
}

/// Why a tool did not do what it was asked for, in a sentence for a model.
package struct ToolFailure: Error, Sendable {
    package var message: String

    package init(_ message: String) {
        self.message = message
    }
}

extension Message.Request {
    /// What progress is to be told of by; nil where it is not asked for.
    package var progressToken: JSONValue? {
        switch meta?["progressToken"] {
        case .string(let text)?: .string(text)
        case .integer(let number)?: .integer(number)
        default: nil
        }
    }
}

/// The notification by which a client hears what a call is at.
package func progress(_ token: JSONValue, _ count: Int, _ words: String) -> JSONValue {
    [
        "jsonrpc": "2.0", "method": "notifications/progress",
        "params": ["progressToken": token, "progress": .integer(count), "message": .string(words)],
    ]
}
