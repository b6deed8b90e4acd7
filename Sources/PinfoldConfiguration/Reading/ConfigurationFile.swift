internal import LinuxSystem
internal import PlainText

/// A file of `NAME=value` lines as systemd's `EnvironmentFile=` reads it (`man 5 systemd.exec`): comments with `#` or `;` at the start of a
/// line, values bare, in double quotes (backslash escapes) or in single quotes (none), a backslash at the end of a line joins the next.
enum ConfigurationFile {
    /// Larger ones are not a configuration.
    static let limit = 1 << 20

    static func read(_ path: String) throws(ConfigurationError) -> [String: String] {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path, limit: limit)
        } catch {
            throw ConfigurationError(
                variable: nil, reason: "the configuration file \(path.quoted) cannot be read: \(error.description)",
                accepted: "a readable file of NAME=value lines")
        }
        return try parse(String(decoding: bytes, as: UTF8.self), name: path)
    }

    static func parse(_ text: String, name: String) throws(ConfigurationError) -> [String: String] {
        var values: [String: String] = [:]
        var scanner = LineScanner(text)
        while let line = scanner.next() {
            func fail(_ reason: String) -> ConfigurationError {
                ConfigurationError(
                    variable: nil, reason: "\(name.plain()), line \(line.number): \(reason)",
                    accepted: "NAME=value, a comment after # or ;, or an empty line")
            }
            guard let equals = line.text.firstIndex(of: "=") else { throw fail("no `=` in \(String(line.text).quoted)") }
            let key = line.text[..<equals].trimmingSpaces
            guard let first = key.unicodeScalars.first, first == "_" || first.properties.isAlphabetic,
                key.utf8.allSatisfy({ isNameByte($0) })
            else { throw fail("\(String(key).quoted) is not the name of a variable") }
            guard let value = unquote(line.text[line.text.index(after: equals)...].trimmingSpaces) else {
                throw fail("the quotes of \(key) are not closed")
            }
            if values[String(key)] != nil { throw fail("\(key) is set twice") }
            values[String(key)] = value
        }
        return values
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Quoted and bare pieces may follow each other, as in a shell. Nil if a quote is open at the end.
    private static func unquote(_ text: Substring) -> String? {
        var result = ""
        var quote: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            let next = text.index(after: index)
            switch (quote, character) {
            case (nil, "\""), (nil, "'"): quote = character
            case ("\"", "\""), ("'", "'"): quote = nil
            case (nil, "\\"), ("\"", "\\"):
                guard next < text.endIndex else { return quote == nil ? result : nil }
                // In double quotes a backslash only takes away the meaning of what has one.
                if quote == "\"", !"\"\\$`".contains(text[next]) { result.append("\\") }
                result.append(text[next])
                index = next
            default: result.append(character)
            }
            index = text.index(after: index)
        }
        return quote == nil ? result : nil
    }
}

/// Lines with their numbers, joined where one ends in a backslash, without empty ones and comments.
private struct LineScanner {
    private var lines: ArraySlice<String>
    private var number = 0

    init(_ text: String) {
        // By bytes: to Swift a carriage return and a line feed are one character.
        lines =
            text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
                String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
            }[...]
    }

    mutating func next() -> (number: Int, text: Substring)? {
        while let first = lines.popFirst() {
            number += 1
            let start = number
            var line = first
            let trimmed = line[...].trimmingSpaces
            if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
            while line.hasSuffix("\\"), !line.hasSuffix("\\\\"), let more = lines.popFirst() {
                number += 1
                line.removeLast()
                line += more
            }
            return (start, line[...].trimmingSpaces)
        }
        return nil
    }
}

extension Substring {
    var trimmingSpaces: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
        return text
    }
}
