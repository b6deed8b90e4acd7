import DeployModel
import Testing

/// Reports in the encodings of XML.
struct ReportEncodingTests {
    private static let text =
        "<?xml version=\"1.0\" encoding=\"ENCODING\"?>\n<testsuite><testcase name=\"añ€\"/><testcase name=\"𝄞\"/></testsuite>"

    private static func units16(_ text: String, big: Bool) -> [UInt8] {
        text.utf16.flatMap { big ? [UInt8($0 >> 8), UInt8($0 & 0xFF)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }

    private static func units32(_ text: String, big: Bool) -> [UInt8] {
        text.unicodeScalars.flatMap { scalar in
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: scalar.value >> (8 * $0)) }
            return big ? bytes.reversed() : bytes
        }
    }

    private static func declared(_ encoding: String) -> String { text.replacing("ENCODING", with: encoding) }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
    }

    static let unicode: [Row] = {
        let mark8: [UInt8] = [0xEF, 0xBB, 0xBF]
        let (little16, big16, little32, big32): ([UInt8], [UInt8], [UInt8], [UInt8]) = (
            [0xFF, 0xFE], [0xFE, 0xFF], [0xFF, 0xFE, 0, 0], [0, 0, 0xFE, 0xFF]
        )
        return [
            Row(testDescription: "UTF-8", bytes: Array(declared("utf-8").utf8)),
            Row(testDescription: "UTF-8 with a mark", bytes: mark8 + Array(declared("UTF-8").utf8)),
            Row(testDescription: "nothing declared", bytes: Array(text.split(separator: "\n")[1].utf8)),
            Row(testDescription: "UTF-16 LE", bytes: little16 + units16(declared("UTF-16"), big: false)),
            Row(testDescription: "UTF-16 BE", bytes: big16 + units16(declared("UTF-16"), big: true)),
            Row(testDescription: "UTF-16 LE without a mark", bytes: units16(declared("UTF-16LE"), big: false)),
            Row(testDescription: "UTF-16 BE without a mark", bytes: units16(declared("UTF-16BE"), big: true)),
            Row(testDescription: "UTF-32 LE", bytes: little32 + units32(declared("UTF-32"), big: false)),
            Row(testDescription: "UTF-32 BE", bytes: big32 + units32(declared("UTF-32"), big: true)),
            Row(testDescription: "UTF-32 LE without a mark", bytes: units32(declared("UTF-32LE"), big: false)),
            Row(testDescription: "UTF-32 BE without a mark", bytes: units32(declared("UTF-32BE"), big: true)),
        ]
    }()

    @Test(arguments: unicode)
    func `Unicode is read in each of its forms`(_ row: Row) throws {
        #expect(try parsed(row.bytes).cases == ["añ€": .passed, "𝄞": .passed])
    }

    @Test(arguments: [
        ("ISO-8859-1", 0xF1, "ñ"), ("iso-8859-1", 0xA4, "¤"), ("ISO-8859-15", 0xA4, "€"), ("windows-1252", 0x80, "€"),
        ("Windows-1252", 0xF1, "ñ"),
        ("US-ASCII", 0x61, "a"), ("latin1", 0xFF, "ÿ"), ("windows-1252", 0x9F, "Ÿ"),
    ])
    func `an encoding of one byte a character is read where it is declared`(
        _ row: (encoding: String, byte: UInt8, character: String)
    ) throws {
        let document =
            Array("<?xml version='1.1' encoding='\(row.encoding)' standalone='yes'?><testsuite><testcase name='".utf8) + [row.byte]
            + Array("'/></testsuite>".utf8)
        #expect(try parsed(document).cases == [row.character: .passed])
    }

    @Test(arguments: [
        ("<?xml version='1.0' encoding='EUC-JP'?><testsuite/>", "“euc-jp”"),
        ("<?xml version='1.0' encoding='UTF-16'?><testsuite/>", "UTF-16"),
        ("<?xml version='1.0' encoding='US-ASCII'?><testsuite name='é'/>", "US-ASCII"),
    ])
    func `what is in another encoding than it says, or in one that is not read, is no report`(_ row: (text: String, says: String))
        throws
    {
        let fault = #expect(throws: ReportFault.self) { try parsed(row.text) }
        #expect(try #require(fault).what.contains(row.says))
    }

    @Test func `what is cut off in the middle of a character is no report`() {
        let document = [0xFF, 0xFE] + Self.units16("<testsuite><testcase name='a'/></testsuite>", big: false)
        #expect(throws: ReportFault.self) { try parsed(document.dropLast()) }
        #expect(throws: ReportFault.self) { try parsed(document.dropLast(2)) }
    }

    @Test func `bytes that are no text do not make a report unreadable, as what tests print may be anything`() throws {
        let document =
            Array("<testsuite><testcase name='a'><system-out>".utf8) + [0xFF, 0xC0, 0x1B]
            + Array("</system-out></testcase></testsuite>".utf8)
        #expect(try parsed(document).cases == ["a": .passed])
    }
}
