/// The head of an answer: its status, and the fields that stand behind that.
package struct HTTPHead: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        /// In lower case.
        package let name: String
        /// Without white space around it.
        package let value: String
    }

    package let status: Int
    package fileprivate(set) var fields: [Field] = []
    /// Whether every line behind the first had the form of a field; those that had not are not among them.
    package fileprivate(set) var isWellFormed = true

    /// The last field of that name, which is in lower case.
    package subscript(_ name: String) -> String? { fields.last { $0.name == name }?.value }

    /// Whether the answer itself is still to come: all of 1xx but 101, the last that is said in HTTP (RFC 9110, 15.2).
    var isInterim: Bool { (100..<200).contains(status) && status != 101 }

    /// nil where it does not begin as `HTTP/1.1 200 OK` does.
    init?(statusLine line: [UInt8]) {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[0].starts(with: Array("HTTP/1.".utf8)), words[1].count == 3,
            words[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let status = Int(String(decoding: words[1], as: UTF8.self)), status >= 100
        else { return nil }
        self.status = status
    }

    fileprivate mutating func add(_ line: [UInt8]) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return isWellFormed = false }
        var value = line[(colon + 1)...]
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        while let first = value.first, isSpace(first) { value.removeFirst() }
        while let last = value.last, isSpace(last) { value.removeLast() }
        fields.append(
            Field(
                name: String(decoding: line[..<colon], as: UTF8.self).lowercased(), value: String(decoding: value, as: UTF8.self)))
    }
}

/// Reads the beginning of what a server sends: heads of interim answers, any number of them, and the head of the answer itself (RFC 9112).
///
/// A server is a stranger: all heads together have a bound, and time is in proportion to what came, however it was cut.
package struct HTTPHeadParser {
    /// Bytes of all heads together: more than any server sends before its answer.
    package static let limit = 65_536

    /// The first head that is none of an interim answer; nil until it is whole.
    package private(set) var head: HTTPHead?
    private var begun: HTTPHead?
    private var line = HTTPLine(limit: Self.limit)

    package init() {}

    /// Takes in what came, up to the end of the head; what is behind it stays in `bytes`.
    package mutating func take(_ bytes: inout ArraySlice<UInt8>) throws(HTTPFault) {
        while head == nil, let line = try line.next(&bytes) {
            guard var current = begun else {
                guard let first = HTTPHead(statusLine: line) else { throw .malformed("no HTTP status line") }
                begun = first
                continue
            }
            if line.isEmpty {
                begun = nil
                if !current.isInterim { head = current }
            } else {
                // Taken out of its place: a copy for each field would make time grow with the square of their number.
                begun = nil
                current.add(line)
                begun = current
            }
        }
    }
}
