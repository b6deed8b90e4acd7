internal import LinuxSystem
internal import PlainText

/// A file of `NAME=value` lines as systemd's `EnvironmentFile=` reads it (`man 5 systemd.exec`), byte by byte, so that one file
/// means the same to both: comments with `#` or `;` at the start of a line; values bare, in double quotes (backslash escapes) or in
/// single quotes (none), each of which may go over several lines and be followed by another piece; a backslash at the end of a line
/// joins the next. Quotes behind the first bare byte are the value's own.
///
/// What systemd leaves out with a line in its journal is an error here.
struct ConfigurationFile {
    /// Larger ones are not a configuration.
    static let limit = 1 << 20

    static func read(_ path: String) throws(ConfigurationError) -> [String: String] {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path, limit: limit)
        } catch {
            throw ConfigurationError(
                unreadableFile: "the configuration file \(path.quoted) cannot be read: \(error.description)",
                accepted: "a readable file of NAME=value lines")
        }
        return try parse(bytes, name: path)
    }

    static func parse(_ bytes: [UInt8], name: String) throws(ConfigurationError) -> [String: String] {
        var file = ConfigurationFile(name: name)
        for byte in bytes {
            try file.take(byte)
            if byte == newline { file.line += 1 }
        }
        try file.end()
        return file.values
    }

    /// What the next byte belongs to.
    private enum State {
        /// What is before a name, in as many lines as that takes.
        case lineStart
        case name
        /// No bare byte of the value has come: white space is nobody's, and quotes quote.
        case valueStart
        case value, escape
        case singleQuotes, doubleQuotes, doubleQuotesEscape
        case comment(endsInBackslash: Bool)
    }

    private let fileName: String
    private var state = State.lineStart
    private var line = 1
    /// The line of the name.
    private var start = 1
    private var name: [UInt8] = []
    private var value: [UInt8] = []
    /// How much of the value stays where the line ends here: not the bare white space at its end.
    private var kept = 0
    /// The line above is a comment that ends in a backslash.
    private var followsOpenComment = false
    private var values: [String: String] = [:]

    private init(name: String) {
        fileName = name
    }

    private static let newline = UInt8(ascii: "\n")

    private static func endsLine(_ byte: UInt8) -> Bool { byte == newline || byte == UInt8(ascii: "\r") }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || endsLine(byte) }

    private mutating func take(_ byte: UInt8) throws(ConfigurationError) {
        switch state {
        case .lineStart: try begin(byte)
        case .name:
            if byte == UInt8(ascii: "=") {
                state = .valueStart
            } else if Self.endsLine(byte) {
                throw fail("no `=` in \(Self.text(name).quoted)")
            } else {
                name.append(byte)
            }
        case .valueStart:
            switch byte {
            case UInt8(ascii: "'"): state = .singleQuotes
            case UInt8(ascii: "\""): state = .doubleQuotes
            case UInt8(ascii: "\\"): state = .escape
            case _ where Self.endsLine(byte): try endLine()
            case _ where Self.isSpace(byte): break
            default:
                state = .value
                append(byte)
            }
        case .value:
            if Self.endsLine(byte) {
                try endLine()
            } else if byte == UInt8(ascii: "\\") {
                kept = value.count
                state = .escape
            } else if Self.isSpace(byte) {
                value.append(byte)
            } else {
                append(byte)
            }
        case .escape:
            state = .value
            if !Self.endsLine(byte) { append(byte) }
        case .singleQuotes:
            if byte == UInt8(ascii: "'") { state = .valueStart } else { append(byte) }
        case .doubleQuotes:
            switch byte {
            case UInt8(ascii: "\""): state = .valueStart
            case UInt8(ascii: "\\"): state = .doubleQuotesEscape
            default: append(byte)
            }
        case .doubleQuotesEscape:
            state = .doubleQuotes
            if byte == Self.newline { break }
            // It only takes away the meaning of what has one.
            if !"\"\\`$".utf8.contains(byte) { append(UInt8(ascii: "\\")) }
            append(byte)
        case .comment(let endsInBackslash):
            if Self.endsLine(byte) {
                followsOpenComment = endsInBackslash
                state = .lineStart
            } else {
                state = .comment(endsInBackslash: byte == UInt8(ascii: "\\") && !endsInBackslash)
            }
        }
    }

    private mutating func begin(_ byte: UInt8) throws(ConfigurationError) {
        switch byte {
        case UInt8(ascii: "#"), UInt8(ascii: ";"):
            followsOpenComment = false
            state = .comment(endsInBackslash: false)
        case _ where Self.isSpace(byte):
            if Self.endsLine(byte) { followsOpenComment = false }
        default:
            start = line
            // systemd takes such a line for a part of the comment before version 254, and reads it from there on.
            guard !followsOpenComment else {
                throw fail("the comment above ends in a backslash, which may make this line a part of it")
            }
            name = [byte]
            state = byte == UInt8(ascii: "=") ? .valueStart : .name
        }
    }

    private mutating func append(_ byte: UInt8) {
        value.append(byte)
        kept = value.count
    }

    /// The end of the file, which may be that of its last line.
    private mutating func end() throws(ConfigurationError) {
        switch state {
        case .lineStart, .comment: return
        case .name: throw fail("no `=` in \(Self.text(name).quoted)")
        case .singleQuotes, .doubleQuotes, .doubleQuotesEscape:
            throw fail("the quotes of \(Self.text(name).plain()) are not closed")
        case .valueStart, .value, .escape: try endLine()
        }
    }

    private mutating func endLine() throws(ConfigurationError) {
        while let last = name.last, Self.isSpace(last) { name.removeLast() }
        let key = Self.text(name)
        guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first), name.allSatisfy(Self.isNameByte)
        else { throw fail("\(key.quoted) is not the name of a variable") }
        guard let text = String(validating: value.prefix(kept), as: UTF8.self) else {
            throw fail("the value of \(key) is not UTF-8")
        }
        guard values.updateValue(text, forKey: key) == nil else { throw fail("\(key) is set twice") }
        value = []
        kept = 0
        state = .lineStart
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func fail(_ reason: String) -> ConfigurationError {
        ConfigurationError(
            variable: nil, reason: "\(fileName.plain()), line \(start): \(reason)",
            accepted: "NAME=value, a comment after # or ;, or an empty line")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
