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
            guard let (piece, length) = ShownBytes.first(of: text[index...]) else { break }
            switch piece {
            case .character(let scalar) where scalar.isPlain: bytes.append(contentsOf: text[index..<index + length])
            case .character(let scalar): append(escape: scalar.escape, to: &bytes, marking: marking)
            case .stray(let byte): append(escape: "\\x" + Hexadecimal.pair(byte), to: &bytes, marking: marking)
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
        default: append(escape: Unicode.Scalar(byte).escape, to: &bytes, marking: marking)
        }
    }

    private static func append(escape: String, to bytes: inout [UInt8], marking: Bool) {
        if marking { bytes.append(contentsOf: "<b class=\"esc\">".utf8) }
        bytes.append(contentsOf: escape.utf8)
        if marking { bytes.append(contentsOf: "</b>".utf8) }
    }
}
