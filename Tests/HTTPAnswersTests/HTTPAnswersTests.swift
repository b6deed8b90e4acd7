import HTTPAnswers
import Testing

@Suite struct `Answers of HTTP servers` {
    /// Feeds `text` in pieces of `size` bytes: the status and the body.
    private func parse(_ text: String, pieces size: Int, bodyLimit: Int = 1 << 20) throws -> (Int, String)? {
        var parser = HTTPAnswerParser(bodyLimit: bodyLimit)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if let answer = try parser.take(rest.prefix(size)) {
                return (answer.status, String(decoding: answer.body, as: UTF8.self))
            }
            rest = rest.dropFirst(size)
        }
        return nil
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `are understood however they are cut into pieces`(size: Int) throws {
        let counted = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX-Other: a: b\r\n\r\nhello"
        #expect(try #require(try parse(counted, pieces: size)) == (200, "hello"))
        let chunked =
            "HTTP/1.1 409 Conflict\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: t\r\n\r\n"
        #expect(try #require(try parse(chunked, pieces: size)) == (409, "hello"))
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
        #expect(try #require(try parse(interim, pieces: size)) == (204, ""))
        #expect(try #require(try parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", pieces: size)) == (200, ""))
        #expect(try #require(try parse("HTTP/1.0 200\nContent-Length: 1\n\nx", pieces: size)) == (200, "x"))
    }

    @Test func `have a body to the end of the connection where nothing says its length`() throws {
        var parser = HTTPAnswerParser(bodyLimit: 10)
        #expect(try parser.take(Array("HTTP/1.1 200 OK\r\n\r\nhel".utf8)) == nil)
        #expect(try parser.take(Array("lo".utf8)) == nil)
        #expect(try parser.end().body == Array("hello".utf8))
        #expect(throws: HTTPFault.tooLarge) { try parser.take(Array("world!".utf8)) }
    }

    @Test(arguments: [
        "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ])
    func `are none where they end early`(text: String) throws {
        var parser = HTTPAnswerParser(bodyLimit: 1 << 20)
        #expect(try parser.take(Array(text.utf8)) == nil)
        #expect(throws: HTTPFault.cutShort) { try parser.end() }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 0200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    ])
    func `are told apart from what is none`(text: String) {
        for size in [1, 1000] { #expect(throws: HTTPFault.self) { try parse(text, pieces: size) } }
    }

    @Test func `are given up on where they have no end`() {
        #expect(throws: HTTPFault.tooLarge) { try parse("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", pieces: 1000) }
        #expect(throws: HTTPFault.tooLarge) { try parse(String(repeating: "x", count: 70_000), pieces: 1000) }
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 3000)
        #expect(throws: HTTPFault.tooLarge) { try parse(interim, pieces: 1000) }
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "1\r\nx\r\n", count: 200)
        #expect(throws: HTTPFault.tooLarge) { try parse(chunks, pieces: 1000, bodyLimit: 100) }
    }

    @Test func `may have more chunks than the lines of a head may have bytes`() throws {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "1\r\nx\r\n", count: 20_000) + "0\r\n\r\n"
        #expect(try #require(try parse(text, pieces: 4096)).1.count == 20_000)
    }

    @Test func `have fields by their names, the last of a name, sloppy lines left out`() throws {
        var parser = HTTPHeadParser()
        var bytes = Array("HTTP/1.1 200 OK\nX-Pinfold-Commit:  abc \r\nnonsense\r\nx-pinfold-commit:\tdef\r\n\r\nbody".utf8)[...]
        try parser.take(&bytes)
        let head = try #require(parser.head)
        #expect(head["x-pinfold-commit"] == "def")
        #expect(head["x-other"] == nil)
        #expect(!head.isWellFormed)
        #expect(String(decoding: bytes, as: UTF8.self) == "body")
    }

    @Test func `that change the protocol are answers, and no good ones`() throws {
        #expect(try #require(try parse("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", pieces: 1000)) == (101, ""))
    }
}
