internal import PlainText

/// A whole answer of a server.
package struct HTTPAnswer: Equatable, Sendable {
    package let head: HTTPHead
    package let body: [UInt8]

    package var status: Int { head.status }
}

/// Puts one HTTP/1.1 answer to a GET or POST together from the pieces in which it comes (RFC 9112): a body by `Content-Length`, in chunks, or to the
/// end of the connection. Trailers and extensions of chunks are read over.
package struct HTTPAnswerParser {
    private let bodyLimit: Int
    private var heads = HTTPHeadParser()
    private var line = HTTPLine(limit: HTTPHeadParser.limit)
    private var part = Part.head
    private var body: [UInt8] = []

    private enum Part: Equatable {
        case head
        case counted(left: Int)
        case untilClosed
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case whole
    }

    /// - Parameter bodyLimit: bytes; a larger body is a fault.
    package init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    /// Takes in `bytes`; the answer, once it is whole. What comes behind it is not looked at.
    package mutating func take(_ bytes: some Collection<UInt8>) throws(HTTPFault) -> HTTPAnswer? {
        var rest = Array(bytes)[...]
        while part != .whole, !rest.isEmpty { try step(&rest) }
        return part == .whole ? answer : nil
    }

    /// The other end closed: the answer, where that is how it ends.
    package func end() throws(HTTPFault) -> HTTPAnswer {
        guard part == .untilClosed, let answer else { throw .cutShort }
        return answer
    }

    private var answer: HTTPAnswer? { heads.head.map { HTTPAnswer(head: $0, body: body) } }

    private mutating func step(_ rest: inout ArraySlice<UInt8>) throws(HTTPFault) {
        switch part {
        case .head:
            try heads.take(&rest)
            if let head = heads.head { part = try self.part(after: head) }
        case .counted(let left):
            let missing = try take(left, of: &rest)
            part = missing == 0 ? .whole : .counted(left: missing)
        case .untilClosed: _ = try take(.max, of: &rest)
        case .chunkSize:
            guard let line = try line.next(&rest) else { return }
            guard let size = Self.size(line) else { throw .malformed("a chunk without a size") }
            part = size == 0 ? .trailers : .chunk(left: size)
        case .chunk(let left):
            let missing = try take(left, of: &rest)
            part = missing == 0 ? .chunkEnd : .chunk(left: missing)
        case .chunkEnd:
            guard let line = try line.next(&rest) else { return }
            guard line.isEmpty else { throw .malformed("a chunk longer than its size") }
            // Each line of a chunk has a bound of its own: a body may have any number of chunks.
            self.line = HTTPLine(limit: HTTPHeadParser.limit)
            part = .chunkSize
        case .trailers:
            guard let line = try line.next(&rest) else { return }
            if line.isEmpty { part = .whole }
        case .whole: rest = []
        }
    }

    /// Which part follows the head.
    private func part(after head: HTTPHead) throws(HTTPFault) -> Part {
        guard head.isWellFormed else { throw .malformed("a header without a colon") }
        if head.status == 101 || head.status == 204 || head.status == 304 { return .whole }
        if let coding = head["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else { throw .malformed("a transfer encoding other than chunked") }
            return .chunkSize
        }
        let lengths = Set(head.fields.filter { $0.name == "content-length" }.map(\.value))
        guard let text = lengths.first else { return .untilClosed }
        guard lengths.count == 1, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(text)
        else { throw .malformed("a Content-Length that is no number") }
        guard length <= bodyLimit else { throw .tooLarge }
        return length == 0 ? .whole : .counted(left: length)
    }

    /// Moves at most `count` bytes into the body; how many are still missing.
    private mutating func take(_ count: Int, of rest: inout ArraySlice<UInt8>) throws(HTTPFault) -> Int {
        let piece = rest.prefix(count)
        guard body.count + piece.count <= bodyLimit else { throw .tooLarge }
        body += piece
        rest = rest.dropFirst(piece.count)
        return count - piece.count
    }

    /// The size of a chunk, up to its extensions; seven digits are more than any.
    private static func size(_ line: [UInt8]) -> Int? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        guard (1...7).contains(digits.count), Hexadecimal.holds(digits) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
