/// Why bytes are not taken as JSON, in words that go on after a name.
package enum JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 0.
    case malformed(byte: Int)
    case tooDeep
    case repeated(key: String)

    package var description: String {
        switch self {
        case .malformed(let byte): "is no JSON from byte \(byte) on"
        case .tooDeep: "is nested more than \(JSONReader.deepest) deep"
        case .repeated(let key): "has the key '\(key.prefix(100))' twice in one object"
        }
    }
}

/// Reads JSON (RFC 8259) in time in proportion to its bytes, whoever wrote them.
///
/// Foundation's decoder has to be told what comes. Told wrongly it makes an error that holds the whole way there, so that a value of
/// any kind, which has to be guessed, costs a millisecond where it lies deep.
struct JSONReader {
    /// What people and their programs write is nested by less than half of it.
    static let deepest = 64
    /// No number that is told from its neighbours has more bytes.
    private static let longestNumber = 1000

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // A mark of the order of bytes, which some editors write and everybody passes over.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    /// All of it, as one value.
    mutating func read() throws(JSONFault) -> JSONValue {
        let result = try value(depth: 0)
        guard next == nil else { throw fault }
        return result
    }

    private var fault: JSONFault { .malformed(byte: index) }

    /// The byte that comes after blanks; nil at the end.
    private var next: UInt8? {
        mutating get {
            while index < bytes.count {
                switch bytes[index] {
                case 0x20, 0x09, 0x0A, 0x0D: index += 1
                case let byte: return byte
                }
            }
            return nil
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
        guard let first = next else { throw fault }
        guard depth <= Self.deepest else { throw .tooDeep }
        switch first {
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try text())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        for byte in word.utf8 {
            guard index < bytes.count, bytes[index] == byte else { throw fault }
            index += 1
        }
        return value
    }

    private mutating func elements(depth: Int) throws(JSONFault) -> [JSONValue] {
        index += 1
        var elements: [JSONValue] = []
        if next == UInt8(ascii: "]") {
            index += 1
            return elements
        }
        while true {
            elements.append(try value(depth: depth))
            if try ends(with: "]") { return elements }
        }
    }

    private mutating func members(depth: Int) throws(JSONFault) -> [String: JSONValue] {
        index += 1
        var members: [String: JSONValue] = [:]
        if next == UInt8(ascii: "}") {
            index += 1
            return members
        }
        while true {
            guard next == UInt8(ascii: "\"") else { throw fault }
            let key = try text()
            guard next != nil, take(":") else { throw fault }
            // Readers differ in which of two holds, and Swift takes texts as equal that others tell apart: what is judged here has to be
            // what they see.
            guard members.updateValue(try value(depth: depth), forKey: key) == nil else { throw .repeated(key: key) }
            if try ends(with: "}") { return members }
        }
    }

    /// After an element: whether it was the last.
    private mutating func ends(with end: Unicode.Scalar) throws(JSONFault) -> Bool {
        guard next != nil else { throw fault }
        if take(end) { return true }
        guard take(",") else { throw fault }
        return false
    }

    private mutating func text() throws(JSONFault) -> String {
        let start = index
        index += 1
        var read: [UInt8] = []
        while index < bytes.count, bytes[index] >= 0x20 {
            if take("\"") {
                guard let text = String(validating: read, as: UTF8.self) else { throw .malformed(byte: start) }
                return text
            }
            if take("\\") {
                try escape(into: &read)
            } else {
                read.append(bytes[index])
                index += 1
            }
        }
        throw fault
    }

    private mutating func escape(into read: inout [UInt8]) throws(JSONFault) {
        guard index < bytes.count else { throw fault }
        switch bytes[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): read.append(bytes[index])
        case UInt8(ascii: "b"): read.append(0x08)
        case UInt8(ascii: "f"): read.append(0x0C)
        case UInt8(ascii: "n"): read.append(0x0A)
        case UInt8(ascii: "r"): read.append(0x0D)
        case UInt8(ascii: "t"): read.append(0x09)
        case UInt8(ascii: "u"):
            index += 1
            read += Array(String(try scalar()).utf8)
            return
        default: throw fault
        }
        index += 1
    }

    /// What `\u` and its digits stand for, of which it may take two. JSON may write one half of a pair; it is shown as what is no
    /// character.
    private mutating func scalar() throws(JSONFault) -> Unicode.Scalar {
        let high = try unit()
        guard (0xD800...0xDBFF).contains(high) else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
        let end = index
        guard take("\\"), take("u") else {
            index = end
            return "\u{FFFD}"
        }
        let low = try unit()
        guard (0xDC00...0xDFFF).contains(low) else {
            index = end
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func unit() throws(JSONFault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count, let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else { throw fault }
            unit = unit << 4 + UInt32(digit)
            index += 1
        }
        return unit
    }

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = index
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if let integer = Int(text) { return .integer(integer) }
        guard index - start <= Self.longestNumber, let number = Double(text) else { throw .malformed(byte: start) }
        if let integer = Int(exactly: number) { return .integer(integer) }
        let largest = Double.greatestFiniteMagnitude
        return .number(min(max(number, -largest), largest))
    }

    private mutating func digits() throws(JSONFault) {
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        guard index > start else { throw fault }
    }
}
