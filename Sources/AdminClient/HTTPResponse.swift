/// An answer of the daemon: its status and its whole body.
struct HTTPResponse: Equatable {
    var status: Int
    var body: [UInt8]
}

/// Why bytes are no answer.
enum HTTPFault: Error, Equatable {
    case malformed(String)
    /// The other end closed before the answer was whole.
    case cutShort
    /// The answer is larger than anything that the daemon sends.
    case tooLarge
}

/// Puts one HTTP/1.1 answer together from the pieces in which it comes (RFC 9112): a body by `Content-Length`, in chunks, or to the end
/// of the connection. Trailers and chunk extensions are read over.
struct HTTPResponseParser {
    static let headLimit = 65_536
    static let bodyLimit = 64 << 20

    private var buffer: [UInt8] = []
    /// How much of `buffer` is read already.
    private var position = 0
    private var state = State.head
    private var response = HTTPResponse(status: 0, body: [])

    private enum State: Equatable {
        case head
        case counted(left: Int)
        case untilClosed
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case whole
    }

    init() {}

    /// Takes in `bytes`; the answer, once it is whole.
    mutating func take(_ bytes: [UInt8]) throws(HTTPFault) -> HTTPResponse? {
        buffer.append(contentsOf: bytes)
        while try step() {}
        buffer.removeSubrange(..<position)
        position = 0
        return state == .whole ? response : nil
    }

    /// The other end closed: the answer, where that is how it ends.
    mutating func end() throws(HTTPFault) -> HTTPResponse {
        guard state == .untilClosed else { throw .cutShort }
        return response
    }

    /// Goes on by one part; false where more bytes are needed or none are.
    private mutating func step() throws(HTTPFault) -> Bool {
        switch state {
        case .head:
            return try head()
        case .counted(let left):
            let rest = try body(left)
            state = rest == 0 ? .whole : .counted(left: rest)
            return false
        case .untilClosed:
            _ = try body(Self.bodyLimit + 1)
            return false
        case .chunkSize:
            guard let line = try line() else { return false }
            guard let size = Self.hexadecimal(line) else { throw .malformed("a chunk without a size") }
            state = size == 0 ? .trailers : .chunk(left: size)
            return true
        case .chunk(let left):
            let rest = try body(left)
            state = rest == 0 ? .chunkEnd : .chunk(left: rest)
            return rest == 0
        case .chunkEnd:
            guard let line = try line() else { return false }
            guard line.isEmpty else { throw .malformed("a chunk longer than its size") }
            state = .chunkSize
            return true
        case .trailers:
            guard let line = try line() else { return false }
            if line.isEmpty { state = .whole }
            return true
        case .whole:
            return false
        }
    }

    /// Reads a status line and its fields, if they are whole.
    private mutating func head() throws(HTTPFault) -> Bool {
        guard let end = Self.blankLine(in: buffer[position...]) else {
            guard buffer.count - position <= Self.headLimit else { throw .tooLarge }
            return false
        }
        let text = String(decoding: buffer[position..<end], as: UTF8.self)
        position = end
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)[...]
        guard let first = lines.popFirst(), first.hasPrefix("HTTP/1."),
            let status = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw .malformed("no HTTP status line") }
        // An interim answer (100 Continue): the real one follows.
        if status < 200 { return true }
        response.status = status
        var length: Int?
        var chunked = false
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { throw .malformed("a header without a colon") }
            let value = line[line.index(after: colon)...].filter { $0 != " " && $0 != "\t" }
            switch line[..<colon].lowercased() {
            case "content-length":
                guard let number = Int(value), number >= 0 else { throw .malformed("a Content-Length that is no number") }
                length = number
            case "transfer-encoding":
                guard value.lowercased() == "chunked" else { throw .malformed("a transfer encoding other than chunked") }
                chunked = true
            default: continue
            }
        }
        if status == 204 || status == 304 {
            state = .whole
        } else if chunked {
            state = .chunkSize
        } else if let length {
            guard length <= Self.bodyLimit else { throw .tooLarge }
            state = length == 0 ? .whole : .counted(left: length)
        } else {
            state = .untilClosed
        }
        return true
    }

    /// Moves at most `count` bytes into the body; how many are still missing.
    private mutating func body(_ count: Int) throws(HTTPFault) -> Int {
        let available = min(count, buffer.count - position)
        guard response.body.count + available <= Self.bodyLimit else { throw .tooLarge }
        response.body.append(contentsOf: buffer[position..<position + available])
        position += available
        return count - available
    }

    /// The next line without its end.
    private mutating func line() throws(HTTPFault) -> [UInt8]? {
        guard let end = buffer[position...].firstIndex(of: 10) else {
            guard buffer.count - position <= Self.headLimit else { throw .tooLarge }
            return nil
        }
        var line = buffer[position..<end]
        if line.last == 13 { line.removeLast() }
        position = end + 1
        return Array(line)
    }

    /// Where the bytes after the first empty line begin.
    private static func blankLine(in bytes: ArraySlice<UInt8>) -> Int? {
        var index = bytes.startIndex
        while index + 3 < bytes.endIndex {
            if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 { return index + 4 }
            index += 1
        }
        return nil
    }

    /// The size of a chunk, up to its extensions; seven digits are more than any.
    private static func hexadecimal(_ line: [UInt8]) -> Int? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        guard (1...7).contains(digits.count) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
