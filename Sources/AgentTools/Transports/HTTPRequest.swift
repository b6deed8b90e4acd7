/// One HTTP/1.1 request (RFC 9112), read strictly: what could be understood in two ways is refused.
package struct HTTPRequest: Hashable, Sendable {
    package var method: String
    package var path: String
    /// Names in lower case, in the order in which they came.
    package var fields: [(name: String, value: String)]
    package var body: [UInt8] = []

    package static func == (a: HTTPRequest, b: HTTPRequest) -> Bool {
        a.method == b.method && a.path == b.path && a.fields.elementsEqual(b.fields, by: ==) && a.body == b.body
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(path)
        hasher.combine(body)
    }

    /// A field that is there once; nil where it is not, or more than once.
    package subscript(name: String) -> String? {
        let found = fields.filter { $0.name == name }
        return found.count == 1 ? found[0].value : nil
    }

    package func count(of name: String) -> Int { fields.count { $0.name == name } }
}

/// Why bytes are no request that is served: with which status that is answered.
package struct HTTPRefusal: Error, Hashable {
    package var status: Int
    package var message: String
}

/// Puts one request together from the pieces in which it comes.
package struct HTTPRequestParser {
    package static let headLimit = 16 << 10

    private var buffer: [UInt8] = []
    private var request: HTTPRequest?
    private var length = 0
    /// How many of the bytes have been searched for the end of the head.
    private var searched = 0

    package init() {}

    /// Whether the client waits for a word before it sends the body.
    private(set) var expectsContinue = false

    /// Takes in `bytes`; the request, once it is whole. What comes after it is not looked at: each connection has one.
    package mutating func take(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal) -> HTTPRequest? {
        buffer += bytes
        if request == nil {
            guard let end = blankLine() else {
                guard buffer.count <= Self.headLimit else {
                    throw HTTPRefusal(status: 431, message: "the head is larger than 16 KiB")
                }
                return nil
            }
            guard end <= Self.headLimit else { throw HTTPRefusal(status: 431, message: "the head is larger than 16 KiB") }
            let head = try Self.head(buffer[..<end])
            length = try Self.length(of: head)
            expectsContinue = head["expect"]?.lowercased() == "100-continue"
            buffer.removeSubrange(..<end)
            request = head
        }
        guard var whole = request, buffer.count >= length else { return nil }
        whole.body = Array(buffer[..<length])
        return whole
    }

    private static func head(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal) -> HTTPRequest {
        guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else {
            throw HTTPRefusal(status: 400, message: "the head is no text")
        }
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)[...]
        let words = (lines.popFirst() ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, ["HTTP/1.1", "HTTP/1.0"].contains(words[2]), words[1].hasPrefix("/"), !words[0].isEmpty,
            words[0].allSatisfy({ $0.isASCII && $0.isUppercase }), words[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw HTTPRefusal(status: 400, message: "no HTTP request line") }
        var fields: [(name: String, value: String)] = []
        for line in lines {
            // No folded lines, no blanks before the colon, no bare line ends: RFC 9112, 5.
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy({ Self.isToken($0) }), !line.utf8.contains(0x0A), !line.utf8.contains(0x0D)
            else { throw HTTPRefusal(status: 400, message: "a header field that is none") }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { $0 != " " && $0 != "\t" }
            fields.append((line[..<colon].lowercased(), end.map { String(value[...$0]) } ?? ""))
        }
        let path = words[1].prefix { $0 != "?" }
        return HTTPRequest(method: String(words[0]), path: String(path), fields: fields)
    }

    private static func length(of request: HTTPRequest) throws(HTTPRefusal) -> Int {
        guard request.count(of: "transfer-encoding") == 0 else {
            throw HTTPRefusal(status: 411, message: "a body comes with its length, in one piece")
        }
        guard request.count(of: "content-length") > 0 else { return 0 }
        guard let text = request["content-length"], !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(text)
        else { throw HTTPRefusal(status: 400, message: "a Content-Length that is no number") }
        guard length <= Message.limit else {
            throw HTTPRefusal(status: 413, message: "a message is \(Message.limit >> 20) MiB at most")
        }
        return length
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// Where the bytes after the first empty line begin.
    private mutating func blankLine() -> Int? {
        var index = max(0, searched - 3)
        while index + 3 < min(buffer.count, Self.headLimit + 4) {
            if buffer[index] == 13, buffer[index + 1] == 10, buffer[index + 2] == 13, buffer[index + 3] == 10 { return index + 4 }
            index += 1
        }
        searched = buffer.count
        return nil
    }
}
