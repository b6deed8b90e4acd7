internal import PlainText

/// What a stranger wrote, as a browser may have it: nothing in it is markup, and nothing in it hides or moves anything.
enum ShownText {
    /// Appends `text`, escaped. What is not plain (`PlainText`) becomes `\u{…}`, bytes that are no UTF-8 become `\x…`.
    /// - Parameter marking: whether those stand in an element of their own, so that they differ from the same letters typed.
    static func append(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8], marking: Bool) {
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            guard byte >= 0x80 else {
                index += 1
                append(ascii: byte, to: &bytes, marking: marking)
                continue
            }
            let (scalar, length) = decode(text[index...])
            if let scalar, scalar.isPlain {
                bytes.append(contentsOf: text[index..<index + length])
            } else if let scalar {
                append(escape: "\\u{" + String(scalar.value, radix: 16) + "}", to: &bytes, marking: marking)
            } else {
                append(escape: "\\x" + String(byte, radix: 16), to: &bytes, marking: marking)
            }
            index += length
        }
    }

    private static func append(ascii byte: UInt8, to bytes: inout [UInt8], marking: Bool) {
        switch byte {
        case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
        case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
        case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
        case UInt8(ascii: "\""): bytes.append(contentsOf: "&quot;".utf8)
        case UInt8(ascii: "'"): bytes.append(contentsOf: "&#39;".utf8)
        // A tab moves what follows to the right and nothing else.
        case 0x20...0x7E, 0x09: bytes.append(byte)
        default: append(escape: "\\u{" + String(byte, radix: 16) + "}", to: &bytes, marking: marking)
        }
    }

    private static func append(escape: String, to bytes: inout [UInt8], marking: Bool) {
        if marking { bytes.append(contentsOf: "<b class=\"esc\">".utf8) }
        bytes.append(contentsOf: escape.utf8)
        if marking { bytes.append(contentsOf: "</b>".utf8) }
    }

    /// The scalar at the beginning of `bytes` and how many it takes; none, and one, where they are no UTF-8 (Unicode 3.9, table 3-7).
    private static func decode(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar?, Int) {
        let first = bytes[bytes.startIndex]
        let (length, bits): (Int, UInt32) =
            switch first {
            case 0xC2...0xDF: (2, UInt32(first & 0x1F))
            case 0xE0...0xEF: (3, UInt32(first & 0x0F))
            case 0xF0...0xF4: (4, UInt32(first & 0x07))
            default: (1, 0)
            }
        guard length > 1, bytes.count >= length else { return (nil, 1) }
        var value = bits
        for byte in bytes.dropFirst().prefix(length - 1) {
            guard byte & 0xC0 == 0x80 else { return (nil, 1) }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        guard value >= (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000), let scalar = Unicode.Scalar(value) else {
            return (nil, 1)
        }
        return (scalar, length)
    }
}
