internal import LinuxSystem

/// A record as it is in the file: one line of JSON, its own hash at the end.
///
/// The hash is over the line up to there, the hash of the record before included: whoever changes one has to change all that follow, and the
/// head beside them.
package struct AuditRecord: Sendable, Hashable {
    package let sequence: UInt64
    /// RFC 3339, UTC, nanoseconds.
    package let time: String
    package let operation: String
    /// Escaped by `AuditText`, as all text here that the agent chose.
    package let path: String
    package let second: String?
    package let process: Int32
    package let command: String
    package let user: UInt32
    package let zone: String
    package let rule: String?
    package let pattern: String?
    /// `ok`, or the errno's name.
    package let error: String
    package let count: UInt64?
    package let through: UInt64?
    package let digest: String?
    package let previous: String
    package let hash: String

    /// What the first record follows.
    package static let origin = String(repeating: "0", count: 64)

    /// The line of an event, without the newline, and its hash.
    static func line(_ event: AuditEvent, sequence: UInt64, previous: String) -> (bytes: [UInt8], hash: String) {
        var text = "{\"seq\":\(sequence),\"time\":\"\(event.time.text)\",\"op\":\"\(event.operation.rawValue)\""
        text += member("path", AuditText.escape(event.path))
        text += member("to", event.second.map(AuditText.escape))
        text += ",\"pid\":\(event.process)"
        text += member("comm", AuditText.escape(event.command))
        text += ",\"uid\":\(event.user)"
        text += member("zone", event.zone)
        text += member("rule", event.rule)
        text += member("pattern", event.pattern.map { AuditText.escape(Array($0.utf8)) })
        text += member("errno", errorName(event.errno))
        if let count = event.count { text += ",\"count\":\(count)" }
        if let through = event.through { text += ",\"through\":\(through)" }
        text += member("digest", event.digest)
        text += member("prev", previous)
        let hashed = Array(text.utf8)
        let hash = SHA256.hex(hashed)
        return (hashed + Array(",\"hash\":\"\(hash)\"}".utf8), hash)
    }

    private static func member(_ name: String, _ value: String?) -> String {
        value.map { ",\"\(name)\":\"\(quoted($0))\"" } ?? ""
    }

    /// Escaped text has no control character: only these two mean something in JSON.
    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    /// How many bytes at a line's end are not hashed: `,"hash":"…"}`.
    static let tail = 75

    /// Reads a line, without its newline; nil where it is none of ours. Its hash is not held against it: see `isWhole`.
    package init?(line: [UInt8]) {
        guard let fields = Self.fields(line) else { return nil }
        guard let sequence = fields["seq"].flatMap({ UInt64($0) }), let time = fields["time"], let operation = fields["op"],
            let process = fields["pid"].flatMap({ Int32($0) }), let user = fields["uid"].flatMap({ UInt32($0) }),
            let path = fields["path"], let command = fields["comm"], let zone = fields["zone"], let error = fields["errno"],
            let previous = fields["prev"], let hash = fields["hash"]
        else { return nil }
        self.sequence = sequence
        self.time = time
        self.operation = operation
        self.path = path
        second = fields["to"]
        self.process = process
        self.command = command
        self.user = user
        self.zone = zone
        rule = fields["rule"]
        pattern = fields["pattern"]
        self.error = error
        count = fields["count"].flatMap { UInt64($0) }
        through = fields["through"].flatMap { UInt64($0) }
        digest = fields["digest"]
        self.previous = previous
        self.hash = hash
    }

    /// Whether the line's bytes are those that its hash was made of.
    package func isWhole(_ line: [UInt8]) -> Bool {
        line.count > Self.tail && line.suffix(Self.tail) == Array(",\"hash\":\"\(hash)\"}".utf8)[...]
            && SHA256.hex(Array(line.dropLast(Self.tail))) == hash
    }

    /// The members of one flat object of texts and numbers, the only JSON that there is here; nil for everything else.
    static func fields(_ line: [UInt8]) -> [String: String]? {
        var rest = line[...]
        guard rest.popFirst() == UInt8(ascii: "{") else { return nil }
        var result: [String: String] = [:]
        while true {
            guard let name = text(&rest), rest.popFirst() == UInt8(ascii: ":") else { return nil }
            let value: String
            if rest.first == UInt8(ascii: "\"") {
                guard let read = text(&rest) else { return nil }
                value = read
            } else {
                let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
                rest.removeFirst(digits.count)
                value = String(decoding: digits, as: UTF8.self)
            }
            guard result.updateValue(value, forKey: name) == nil else { return nil }
            switch rest.popFirst() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"): return rest.isEmpty ? result : nil
            default: return nil
            }
        }
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            guard byte >= 0x20 else { return nil }
            if byte == UInt8(ascii: "\\") {
                guard let next = rest.popFirst(), next == byte || next == UInt8(ascii: "\"") else { return nil }
                bytes.append(next)
            } else {
                bytes.append(byte)
            }
        }
        return nil
    }
}
