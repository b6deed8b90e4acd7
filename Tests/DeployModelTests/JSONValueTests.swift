import DeployModel
import Testing

/// JSON of strangers: the same value as every other reader's, or a refusal, soon.
@Suite(.timeLimit(.minutes(1))) struct JSONValueTests {
    private func read(_ text: String) throws(JSONFault) -> JSONValue { try JSONValue(Array(text.utf8)) }

    @Test(
        arguments: [
            (" null\n", .null), ("[ ]", []), ("{\t}", [:]), ("[true,false , null]", [true, false, .null]),
            (#"{"a":{"b":[1,{"c":"d"}]}, "e" : ""}"#, ["a": ["b": [1, ["c": "d"]]], "e": ""]),
            ("-0", 0), ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.5e-3", .number(0.0015)), ("1E2", 100), ("2.0", 2), ("1e400", .number(.greatestFiniteMagnitude)),
            ("-1e400", .number(-.greatestFiniteMagnitude)), ("1e-400", 0),
            (#""\"\\\/\b\f\n\r\t\u00e9é\ud83d\ude00😀""#, "\"\\/\u{8}\u{C}\n\r\téé😀😀"),
            (#""\ud83d-\ude00-\ud83d\u0041-\ud83d\n""#, "\u{FFFD}-\u{FFFD}-\u{FFFD}A-\u{FFFD}\n"), (#""\u0000""#, "\0"),
            ("\u{FEFF}1", 1),
        ] as [(String, JSONValue)])
    func `what is JSON is read, and the same when it is written and read again`(text: String, value: JSONValue) throws {
        let found = try read(text)
        #expect(found == value)
        #expect(try JSONValue(found.bytes) == value)
    }

    @Test(
        arguments: [
            "", " ", "nul", "tru", "True", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
            "{\"a\":1,}",
            "{a:1}", "{1:1}", "{\"a\" 1}", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "1 2", "\"",
            "\"\\\"",
            "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\\u\"", "\"a\nb\"", "\"\0\"", "'a'", "/**/1", "]", "}", ",", ":",
        ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONFault.self) { try read(text) }
    }

    @Test func `bytes that are no text are refused`() {
        for bytes: [UInt8] in [[0xFF], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22]] {
            #expect(throws: JSONFault.self) { try JSONValue(bytes) }
        }
    }

    @Test func `a key that is there twice is refused, also where only Swift takes the two for one`() {
        for text in [#"{"a":1,"b":{},"a":1}"#, #"{"a":1,"\u0061":2}"#, #"[{"é":1,"e\u0301":2}]"#] {
            #expect(throws: JSONFault.self) { try read(text) }
        }
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func `nesting is followed to 64, and no further`(start: String, end: String) throws {
        func nested(_ depth: Int) -> String {
            String(repeating: start, count: depth) + "1" + String(repeating: end, count: depth)
        }
        #expect(try JSONValue(read(nested(64)).bytes) == read(nested(64)))
        #expect(throws: JSONFault.tooDeep) { try read(nested(65)) }
        #expect(throws: JSONFault.tooDeep) { try read(String(repeating: start, count: 1_000_000)) }
    }

    @Test func `what lies deep takes no longer than what does not, and neither do long texts and numbers`() throws {
        let million = 1_000_000
        let many = String(repeating: "{},[],1,\"\",", count: million / 5) + "1"
        _ = try read(String(repeating: "[", count: 60) + many + String(repeating: "]", count: 60))
        #expect(try read("\"" + String(repeating: "\\u00e9", count: million) + "\"").string?.count == million)
        #expect(throws: JSONFault.self) { try read(String(repeating: "9", count: million)) }
    }
}
