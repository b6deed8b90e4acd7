/// The beginning of what an HTTP server sends: heads of interim answers (1xx, RFC 9110 section 15.2), any number of them, and the head of the
/// answer itself. What comes behind that is left alone.
struct ResponseHeads {
    /// The first head that is none of an interim answer; nil until it is whole, and where what was sent is no HTTP.
    private(set) var answer: HTTPGet.Answer?
    private var rest: [UInt8] = []
    private var taken = 0
    private var isBroken = false

    /// More than a server sends before its answer; beyond it nothing is waited for.
    private static let limit = 65_536

    /// Whether more bytes would change nothing.
    var isComplete: Bool { answer != nil || isBroken || taken >= Self.limit }

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        taken += bytes.count
        rest += bytes
        while !isComplete, let end = Self.end(of: rest) {
            let head = rest[..<end]
            rest = Array(rest[end...])
            guard let parsed = Self.parse(head) else {
                isBroken = true
                return
            }
            // 101 is the last that is said in HTTP: whatever follows is of another protocol, so it is an answer, and no good one.
            if (100..<200).contains(parsed.status), parsed.status != 101 { continue }
            answer = parsed
        }
    }

    /// Where the empty line that ends the fields ends; nil where it has not come.
    private static func end(of head: [UInt8]) -> Int? {
        var breaks = 0
        for (index, byte) in head.enumerated() {
            if byte == 0x0A { breaks += 1 } else if byte != 0x0D { breaks = 0 }
            if breaks == 2 { return index + 1 }
        }
        return nil
    }

    /// nil where it does not begin as `HTTP/1.1 200 OK` does.
    private static func parse(_ head: ArraySlice<UInt8>) -> HTTPGet.Answer? {
        // By bytes: a carriage return and a line feed are one character.
        let lines = head.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
        }
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard let version = words.first, version.hasPrefix("HTTP/1."), words.count >= 2, words[1].utf8.count == 3,
            words[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let status = Int(words[1]), status >= 100
        else { return nil }
        var answer = HTTPGet.Answer(status: status)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "x-pinfold-commit" else { continue }
            answer.commit = line[line.index(after: colon)...].filter { !$0.isWhitespace }
        }
        return answer
    }
}
