internal import DeployModel

/// A tool's arguments, of which each is what its schema says.
struct Arguments {
    private let values: [String: JSONValue]

    init(_ values: [String: JSONValue], of tool: AgentTools.Tool) throws(ToolFailure) {
        let known = tool.argumentNames
        for name in values.keys.sorted() where !known.contains(name) {
            throw ToolFailure(
                "'\(name.prefix(100))' is no argument of \(tool.rawValue); it takes \(known.isEmpty ? "none" : known.joined(separator: ", "))"
            )
        }
        self.values = values
    }

    func text(_ name: String) throws(ToolFailure) -> String {
        guard let value = values[name] else { throw ToolFailure("'\(name)' is missing") }
        guard let text = value.string, text.contains(where: { !$0.isWhitespace }) else {
            throw ToolFailure("'\(name)' is a text that is not empty")
        }
        guard !text.utf8.contains(0) else { throw ToolFailure("'\(name)' has a zero byte in it; write it without") }
        return text
    }

    func flag(_ name: String) throws(ToolFailure) -> Bool {
        guard let value = values[name] else { return false }
        guard let flag = value.bool else { throw ToolFailure("'\(name)' is true or false") }
        return flag
    }

    func number(_ name: String, atLeast least: Int) throws(ToolFailure) -> Int {
        guard let number = try optionalNumber(name, atLeast: least) else { throw ToolFailure("'\(name)' is missing") }
        return number
    }

    func optionalNumber(_ name: String, atLeast least: Int) throws(ToolFailure) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = value.integer, number >= least else { throw ToolFailure("'\(name)' is a number from \(least)") }
        return number
    }
}
