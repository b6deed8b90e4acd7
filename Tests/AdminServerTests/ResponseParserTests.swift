import Testing

@testable import AdminClient

@Suite struct ResponseParserTests {
    /// Feeds `text` in pieces of `size` bytes.
    private func parse(_ text: String, pieces size: Int) throws -> HTTPResponse? {
        var parser = HTTPResponseParser()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if let response = try parser.take(Array(rest.prefix(size))) { return response }
            rest = rest.dropFirst(size)
        }
        return nil
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `an answer is understood however it is cut into pieces`(size: Int) throws {
        let counted = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX-Other: a: b\r\n\r\nhello"
        #expect(try parse(counted, pieces: size) == HTTPResponse(status: 200, body: Array("hello".utf8)))
        let chunked =
            "HTTP/1.1 409 Conflict\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: t\r\n\r\n"
        #expect(try parse(chunked, pieces: size) == HTTPResponse(status: 409, body: Array("hello".utf8)))
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
        #expect(try parse(interim, pieces: size) == HTTPResponse(status: 204, body: []))
        #expect(try parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", pieces: size) == HTTPResponse(status: 200, body: []))
    }

    @Test func `a body without a length goes on to the end of the connection`() throws {
        var parser = HTTPResponseParser()
        #expect(try parser.take(Array("HTTP/1.1 200 OK\r\n\r\nhel".utf8)) == nil)
        #expect(try parser.take(Array("lo".utf8)) == nil)
        #expect(try parser.end() == HTTPResponse(status: 200, body: Array("hello".utf8)))
    }

    @Test(arguments: [
        "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ])
    func `an answer that ends early is no answer`(text: String) throws {
        var parser = HTTPResponseParser()
        #expect(try parser.take(Array(text.utf8)) == nil)
        #expect(throws: HTTPFault.cutShort) { try parser.end() }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    ])
    func `what is no answer is told apart`(text: String) {
        #expect(throws: HTTPFault.self) { try parse(text, pieces: 1000) }
    }

    @Test func `an answer without end is given up on`() {
        #expect(throws: HTTPFault.tooLarge) { try parse("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", pieces: 1000) }
        #expect(throws: HTTPFault.tooLarge) { try parse(String(repeating: "x", count: 70_000), pieces: 1000) }
    }
}
