import PlainText
import Testing

@Suite struct `Text that is shown` {
    static let deceiving: [(character: Unicode.Scalar, shown: String, json: String)] = [
        ("\0", "\\u{0}", "\\u0000"), ("\u{1b}", "\\u{1b}", "\\u001b"), ("\r", "\\r", "\\u000d"), ("\u{7f}", "\\u{7f}", "\\u007f"),
        // C1: a terminal takes U+009B for the beginning of a sequence.
        ("\u{85}", "\\u{85}", "\\u0085"), ("\u{9b}", "\\u{9b}", "\\u009b"), ("\u{9d}", "\\u{9d}", "\\u009d"),
        // Direction.
        ("\u{202a}", "\\u{202a}", "\\u202a"), ("\u{202e}", "\\u{202e}", "\\u202e"), ("\u{2066}", "\\u{2066}", "\\u2066"),
        ("\u{2069}", "\\u{2069}", "\\u2069"), ("\u{200f}", "\\u{200f}", "\\u200f"), ("\u{61c}", "\\u{61c}", "\\u061c"),
        // Not seen.
        ("\u{ad}", "\\u{ad}", "\\u00ad"), ("\u{200b}", "\\u{200b}", "\\u200b"), ("\u{200d}", "\\u{200d}", "\\u200d"),
        ("\u{2060}", "\\u{2060}", "\\u2060"), ("\u{feff}", "\\u{feff}", "\\ufeff"), ("\u{115f}", "\\u{115f}", "\\u115f"),
        ("\u{3164}", "\\u{3164}", "\\u3164"), ("\u{fe0f}", "\\u{fe0f}", "\\ufe0f"), ("\u{e0041}", "\\u{e0041}", "\\udb40\\udc41"),
        ("\u{e0100}", "\\u{e0100}", "\\udb40\\udd00"),
        // Ends of lines, and what nobody knows the looks of.
        ("\u{2028}", "\\u{2028}", "\\u2028"), ("\u{2029}", "\\u{2029}", "\\u2029"), ("\u{e000}", "\\u{e000}", "\\ue000"),
        ("\u{ffff}", "\\u{ffff}", "\\uffff"), ("\u{10ffff}", "\\u{10ffff}", "\\udbff\\udfff"),
    ]

    @Test(arguments: deceiving)
    func `has no character that acts, turns or hides`(_ character: Unicode.Scalar, shown: String, json: String) {
        #expect(!character.isPlain)
        #expect("a\(character)b".plain() == "a\(shown)b")
        #expect("a\(character)b".plain().plain() == "a\(shown)b")
        // As `JSONEncoder` leaves it, which escapes only what the grammar asks for.
        if character.value >= 0x20 { #expect(text(PlainJSON.escaped(Array("[\"a\(character)b\"]".utf8))) == "[\"a\(json)b\"]") }
    }

    @Test(arguments: ["plain", "ÄÖÜ ß é", "e\u{301}", "日本語", "עברית", "العربية", "→ “…” –", "🦊", "\u{a0}", "1 < 2 & \\n"])
    func `stays as it is where it shows what it is`(_ words: String) {
        #expect(words.plain() == words)
        #expect(text(PlainJSON.escaped(Array("[\"\(words)\"]".utf8))) == "[\"\(words)\"]")
    }

    @Test func `keeps its lines where they are wanted`() {
        #expect("a\tb\nc\r\n".plain(lines: true) == "a\tb\nc\\r\n")
        #expect("a\tb\nc".plain() == "a\\tb\\nc")
        #expect(text(PlainJSON.escaped(Array("{\n  \"a\" : 1\n}\n".utf8))) == "{\n  \"a\" : 1\n}\n")
    }

    @Test func `shows bytes that are no text, each by its own`() {
        #expect(String(showing: [0x61, 0xff, 0xc3, 0xa9, 0xc3]) == "a\\xffé\\xc3")
        #expect(String(showing: [0xed, 0xa0, 0x80]) == "\\xed\\xa0\\x80")
        #expect(String(showing: Array("é\u{202e}".utf8)).plain() == "é\\u{202e}")
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

@Suite struct `Hexadecimal digits` {
    @Test func `stand for bytes, both ways`() {
        #expect(Hexadecimal.text([0x00, 0x0f, 0xa0, 0xff]) == "000fa0ff")
        for byte in UInt8.min...UInt8.max {
            #expect(Hexadecimal.byte(Hexadecimal.digits(byte)) == byte)
            #expect(Hexadecimal.byte(Array(Hexadecimal.pair(byte).uppercased().utf8)) == byte)
        }
        for text in ["", "0", "000", "0g", " 1", "+1"] { #expect(Hexadecimal.byte(Array(text.utf8)) == nil, "\(text)") }
    }
}

@Suite struct `A commit's name` {
    static let id = "0123456789abcdef0123456789abcdef01234567"

    @Test(arguments: ["0123456", "0123456789ABCDEF", id, id.uppercased()])
    func `is its id or the beginning of it, in either case`(_ text: String) throws {
        let prefix = try #require(CommitPrefix(text))
        #expect(prefix.names(Self.id))
        #expect(!prefix.names("f" + Self.id.dropFirst()))
    }

    @Test(arguments: ["", "012345", id + "0", "012345g", "0123456 ", "０123456", "main", "0x12345"])
    func `is nothing else`(_ text: String) {
        #expect(CommitPrefix(text) == nil)
    }

    @Test func `is an id with all of its digits, as git writes them`() {
        #expect(CommitPrefix.isID(Self.id))
        for text in [Self.id.uppercased(), String(Self.id.dropLast()), Self.id + "0", "g" + Self.id.dropFirst()] {
            #expect(!CommitPrefix.isID(text), "\(text)")
        }
    }
}

@Suite struct `Bytes for people` {
    @Test(arguments: [
        (Array("plain ü".utf8), "plain ü"), ([0x61, 0xff, 0x62], "a\\xffb"), ([0xc3], "\\xc3"), ([0xc3, 0xbc, 0x80], "ü\\x80"),
        ([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"), ([], ""), ([0x01], "\u{1}"),
    ])
    func `are shown so that two names never look alike for what is no UTF-8`(bytes: [UInt8], text: String) {
        #expect(String(showing: bytes) == text)
    }
}

@Suite struct `A text in an address` {
    @Test(arguments: [
        ("plain-._~09AZaz", "plain-._~09AZaz"), ("a b", "a%20b"), ("ü", "%C3%BC"), ("%41", "%2541"), ("a/b?c", "a%2Fb%3Fc"),
        ("\n\u{0}", "%0A%00"),
    ])
    func `comes back as it was`(text: String, encoded: String) {
        #expect(PercentEncoding.encoded(text) == encoded)
        #expect(PercentEncoding.decoded(encoded) == Array(text.utf8))
    }

    @Test func `keeps what is to be kept`() {
        #expect(PercentEncoding.encoded("a/b c", keeping: [UInt8(ascii: "/")]) == "a/b%20c")
    }

    @Test(arguments: ["%", "%4", "%g1", "%+1", "100%"])
    func `means a percent sign where no two digits follow it`(text: String) {
        #expect(PercentEncoding.decoded(text) == Array(text.utf8))
    }
}
