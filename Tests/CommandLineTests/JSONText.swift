import TestSupport

/// JSON for tests, read strictly by the letter of RFC 8259 as far as the command writes it.
enum JSONText: Equatable {
    case object([String: JSONText])
    case array([JSONText])
    case text(String)
    case number(Double)
    case boolean(Bool)
    case null

    init(_ text: String) throws {
        var parser = Parser(rest: Array(text.unicodeScalars)[...])
        self = try parser.value()
        parser.blanks()
        guard parser.rest.isEmpty else { throw TestFailure("more than one value: \(text)") }
    }

    subscript(name: String) -> JSONText? { if case .object(let members) = self { members[name] } else { nil } }
    var string: String? { if case .text(let text) = self { text } else { nil } }
    var bool: Bool? { if case .boolean(let value) = self { value } else { nil } }
    var array: [JSONText]? { if case .array(let values) = self { values } else { nil } }

    private struct Parser {
        var rest: ArraySlice<Unicode.Scalar>

        mutating func blanks() {
            while let first = rest.first, " \n\t\r".unicodeScalars.contains(first) { rest.removeFirst() }
        }

        mutating func take(_ text: String) throws {
            blanks()
            guard rest.starts(with: text.unicodeScalars) else {
                throw TestFailure("no '\(text)' at '\(String(String.UnicodeScalarView(rest.prefix(20))))'")
            }
            rest.removeFirst(text.unicodeScalars.count)
        }

        mutating func next(_ scalar: Unicode.Scalar) -> Bool {
            blanks()
            guard rest.first == scalar else { return false }
            rest.removeFirst()
            return true
        }

        mutating func value() throws -> JSONText {
            blanks()
            switch rest.first {
            case "{":
                try take("{")
                var members: [String: JSONText] = [:]
                if next("}") { return .object([:]) }
                repeat {
                    let name = try string()
                    try take(":")
                    members[name] = try value()
                } while next(",")
                try take("}")
                return .object(members)
            case "[":
                try take("[")
                var values: [JSONText] = []
                if next("]") { return .array([]) }
                repeat { values.append(try value()) } while next(",")
                try take("]")
                return .array(values)
            case "\"": return .text(try string())
            case "t":
                try take("true")
                return .boolean(true)
            case "f":
                try take("false")
                return .boolean(false)
            case "n":
                try take("null")
                return .null
            default:
                let digits = rest.prefix { "+-.eE0123456789".unicodeScalars.contains($0) }
                rest.removeFirst(digits.count)
                guard let number = Double(String(String.UnicodeScalarView(digits))) else { throw TestFailure("not a value") }
                return .number(number)
            }
        }

        mutating func string() throws -> String {
            try take("\"")
            var text = String.UnicodeScalarView()
            while let scalar = rest.popFirst(), scalar != "\"" {
                guard scalar == "\\" else {
                    text.append(scalar)
                    continue
                }
                switch rest.popFirst() {
                case "n": text.append("\n")
                case "t": text.append("\t")
                case "r": text.append("\r")
                case "u":
                    let digits = String(String.UnicodeScalarView(rest.prefix(4)))
                    rest.removeFirst(4)
                    guard let code = UInt32(digits, radix: 16), let escaped = Unicode.Scalar(code) else {
                        throw TestFailure("not an escape")
                    }
                    text.append(escaped)
                case let escaped?: text.append(escaped)
                case nil: throw TestFailure("an open string")
                }
            }
            return String(text)
        }
    }
}
