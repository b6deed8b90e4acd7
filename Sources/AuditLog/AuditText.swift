/// Bytes that the agent chose, as text that shows them all and does nothing on a terminal.
package enum AuditText {
    /// What is not UTF-8, and characters that are not seen (controls, marks that reorder text), as `\xNN` for each byte; a backslash as two.
    package static func escape(_ bytes: [UInt8]) -> String {
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) {
            return String(decoding: bytes, as: UTF8.self)
        }
        var result = ""
        var rest = bytes[...]
        while let first = rest.first {
            var decoder = UTF8()
            var iterator = rest.prefix(4).makeIterator()
            guard case .scalarValue(let scalar) = decoder.decode(&iterator) else {
                result += hex(first)
                rest.removeFirst()
                continue
            }
            let units = Array(String(Character(scalar)).utf8)
            if scalar == "\\" {
                result += "\\\\"
            } else if isSeen(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                for unit in units { result += hex(unit) }
            }
            rest.removeFirst(units.count)
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
            if next == UInt8(ascii: "x"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                result.append(value)
                rest.removeFirst(2)
            } else {
                result.append(next)
            }
        }
        return result
    }

    private static func hex(_ byte: UInt8) -> String { "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private static func isSeen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        default: true
        }
    }
}
