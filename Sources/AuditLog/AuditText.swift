internal import PlainText

/// Bytes that the agent chose, as text that shows them all and does nothing on a terminal.
package enum AuditText {
    /// What is not UTF-8, and characters that are not plain (controls, marks that reorder text), as `\xNN` for each byte; a backslash as two.
    package static func escape(_ bytes: [UInt8]) -> String {
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) {
            return String(decoding: bytes, as: UTF8.self)
        }
        var result = ""
        for piece in ShownBytes(bytes) {
            switch piece {
            case .character("\\"): result += "\\\\"
            case .character(let scalar) where scalar.isPlain: result.unicodeScalars.append(scalar)
            case .character(let scalar): for unit in String(scalar).utf8 { result += "\\x" + Hexadecimal.pair(unit) }
            case .stray(let byte): result += "\\x" + Hexadecimal.pair(byte)
            }
        }
        return result
    }

    /// The bytes that `escape` made the text of.
    package static func unescape(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                result.append(byte)
                continue
            }
            if next == UInt8(ascii: "x"), let value = Hexadecimal.byte(rest.prefix(2)) {
                result.append(value)
                rest.removeFirst(2)
            } else {
                result.append(next)
            }
        }
        return result
    }
}
