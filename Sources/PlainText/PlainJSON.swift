/// JSON that can be shown. An encoder escapes what the grammar asks for; a terminal obeys more than that.
package enum PlainJSON {
    /// The same document with every character in it that is not plain as `\uXXXX`, two of them beyond U+FFFF. Line ends between values stay.
    /// - Parameter document: whole JSON in UTF-8. Outside of texts it is ASCII, so nothing else is changed.
    package static func escaped(_ document: [UInt8]) -> [UInt8] {
        guard document.contains(where: { $0 >= 0x7f || ($0 < 0x20 && $0 != newline) }) else { return document }
        var result: [UInt8] = []
        result.reserveCapacity(document.count + 64)
        for scalar in String(decoding: document, as: UTF8.self).unicodeScalars {
            if scalar.isPlain || scalar.value == UInt32(newline) {
                result.append(contentsOf: String(scalar).utf8)
            } else {
                for unit in String(scalar).utf16 {
                    result.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
                    result.append(contentsOf: Hexadecimal.digits(UInt8(unit >> 8)))
                    result.append(contentsOf: Hexadecimal.digits(UInt8(unit & 0xff)))
                }
            }
        }
        return result
    }

    private static let newline = UInt8(ascii: "\n")
}
