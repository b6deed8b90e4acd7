/// The characters of an XML document, whatever its encoding, and what stands for characters in it.
enum XMLText {
    /// The document in UTF-8, and where it begins after a mark of the byte order and its declaration.
    ///
    /// What is no valid text in UTF-8 is left as it is: a test's output may be anything, and nothing but ASCII has a meaning here.
    static func utf8(_ bytes: [UInt8]) throws(ReportFault) -> (bytes: [UInt8], start: Int) {
        var text = bytes
        var start = 0
        switch family(of: bytes) {
        case .bytes(let mark):
            start = mark
            let (encoding, _) = declaration(bytes, from: mark)
            if mark == 0, let encoding { text = try decoded(bytes, from: encoding) }
        case .units16(let big, let mark):
            guard bytes.count.isMultiple(of: 2) else { throw ReportFault("is cut off") }
            var units: [UInt16] = []
            units.reserveCapacity(bytes.count / 2)
            for index in stride(from: mark, to: bytes.count, by: 2) {
                let (one, other) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
                units.append(big ? one << 8 | other : other << 8 | one)
            }
            text = Array(String(decoding: units, as: UTF16.self).utf8)
        case .units32(let big, let mark):
            guard bytes.count.isMultiple(of: 4) else { throw ReportFault("is cut off") }
            var units: [UInt32] = []
            units.reserveCapacity(bytes.count / 4)
            for index in stride(from: mark, to: bytes.count, by: 4) {
                let four = bytes[index..<(index + 4)]
                units.append((big ? Array(four) : four.reversed()).reduce(0) { $0 << 8 | UInt32($1) })
            }
            text = Array(String(decoding: units, as: UTF32.self).utf8)
        }
        guard !text.contains(0) else { throw ReportFault("has zero bytes, which no text has") }
        return (text, declaration(text, from: start).end)
    }

    private enum Family {
        /// One byte for each ASCII character, behind a mark of that many bytes.
        case bytes(mark: Int)
        case units16(big: Bool, mark: Int)
        case units32(big: Bool, mark: Int)
    }

    /// By the mark of the byte order, or by how the first `<` is written.
    private static func family(of bytes: [UInt8]) -> Family {
        func begins(_ with: [UInt8]) -> Bool { bytes.starts(with: with) }
        if begins([0xFF, 0xFE, 0, 0]) { return .units32(big: false, mark: 4) }
        if begins([0, 0, 0xFE, 0xFF]) { return .units32(big: true, mark: 4) }
        if begins([0x3C, 0, 0, 0]) { return .units32(big: false, mark: 0) }
        if begins([0, 0, 0, 0x3C]) { return .units32(big: true, mark: 0) }
        if begins([0xFF, 0xFE]) { return .units16(big: false, mark: 2) }
        if begins([0xFE, 0xFF]) { return .units16(big: true, mark: 2) }
        if begins([0x3C, 0]) { return .units16(big: false, mark: 0) }
        if begins([0, 0x3C]) { return .units16(big: true, mark: 0) }
        return .bytes(mark: begins([0xEF, 0xBB, 0xBF]) ? 3 : 0)
    }

    /// What `<?xml … encoding="…"?>` says, in small letters, and where it ends.
    private static func declaration(_ bytes: [UInt8], from start: Int) -> (encoding: String?, end: Int) {
        let beginning = bytes[start...].prefix(1000)
        guard beginning.starts(with: Array("<?xml".utf8)), let end = beginning.firstIndex(of: UInt8(ascii: ">")),
            beginning.dropFirst(5).first.map({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) == true, bytes[end - 1] == UInt8(ascii: "?")
        else { return (nil, start) }
        let text = String(decoding: beginning[..<end], as: UTF8.self)
        guard let key = text.firstRange(of: "encoding") else { return (nil, end + 1) }
        let value = text[key.upperBound...].drop { " \t\r\n=".contains($0) }
        guard let quote = value.first, quote == "\"" || quote == "'" else { return (nil, end + 1) }
        return (value.dropFirst().prefix { $0 != quote }.lowercased(), end + 1)
    }

    private static func decoded(_ bytes: [UInt8], from encoding: String) throws(ReportFault) -> [UInt8] {
        switch encoding {
        case "utf-8", "utf8": return bytes
        case "us-ascii", "ascii", "iso646-us", "ansi_x3.4-1968":
            guard bytes.allSatisfy({ $0 < 0x80 }) else { throw ReportFault("says that it is in US-ASCII, and is not") }
            return bytes
        case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1": return decoded(bytes) { UInt16($0) }
        case "iso-8859-15", "iso8859-15", "iso_8859-15", "latin9", "latin-9": return decoded(bytes) { latin9[$0] ?? UInt16($0) }
        case "windows-1252", "cp1252":
            return decoded(bytes) { (0x80...0x9F).contains($0) ? windows1252[Int($0) - 0x80] : UInt16($0) }
        case let name
        where name.hasPrefix("utf-16") || name.hasPrefix("utf-32") || name.hasPrefix("ucs-") || name.hasPrefix("iso-10646-ucs"):
            throw ReportFault("says that it is in \(name.uppercased()), and is not")
        default:
            throw ReportFault(
                "is in the encoding “\(String(encoding.prefix(40)))”, and UTF-8, UTF-16, UTF-32, US-ASCII, ISO-8859-1, ISO-8859-15 and windows-1252 are read"
            )
        }
    }

    private static func decoded(_ bytes: [UInt8], _ unit: (UInt8) -> UInt16) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + bytes.count / 8)
        for byte in bytes {
            if byte < 0x80 { text.append(byte) } else { text += String(decoding: [unit(byte)], as: UTF16.self).utf8 }
        }
        return text
    }

    private static let latin9: [UInt8: UInt16] = [
        0xA4: 0x20AC, 0xA6: 0x160, 0xA8: 0x161, 0xB4: 0x17D, 0xB8: 0x17E, 0xBC: 0x152, 0xBD: 0x153, 0xBE: 0x178,
    ]

    /// From 0x80 to 0x9F; five of them mean nothing.
    private static let windows1252: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D, 0x8F,
        0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178,
    ]

    /// An attribute's value with what its references stand for. Control characters are taken, as runners write them for terminals' colours.
    static func resolved(_ slice: ArraySlice<UInt8>) throws(ReportFault) -> String {
        guard slice.contains(0x26) else { return String(decoding: slice, as: UTF8.self) }
        var result: [UInt8] = []
        var rest = slice
        while let ampersand = rest.firstIndex(of: 0x26) {
            result += rest[..<ampersand]
            guard let end = rest[ampersand...].prefix(16).firstIndex(of: 0x3B) else {
                throw ReportFault("is not well formed: an & that begins no reference")
            }
            let reference = String(decoding: rest[(ampersand + 1)..<end], as: UTF8.self)
            guard let text = character(reference) else {
                throw ReportFault("is not well formed: &\(reference); stands for no character")
            }
            result += text.utf8
            rest = rest[(end + 1)...]
        }
        return String(decoding: result + rest, as: UTF8.self)
    }

    private static func character(_ reference: String) -> String? {
        switch reference {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let digits = reference.dropFirst(reference.hasPrefix("#x") ? 2 : 1)
            guard reference.hasPrefix("#"), digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let number = UInt32(digits, radix: reference.hasPrefix("#x") ? 16 : 10), number != 0, number & 0xFFFE != 0xFFFE,
                let scalar = Unicode.Scalar(number)
            else { return nil }
            return String(scalar)
        }
    }
}
