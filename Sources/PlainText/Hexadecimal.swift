/// Bytes as pairs of digits, lower case, and back.
package enum Hexadecimal {
    /// The two digits of a byte, as ASCII.
    package static func digits(_ byte: UInt8) -> [UInt8] { [digit(byte >> 4), digit(byte & 15)] }

    /// The same as text.
    package static func pair(_ byte: UInt8) -> String { String(decoding: digits(byte), as: UTF8.self) }

    /// Two digits for each byte, in order.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// What a digit of either case stands for; nil for anything else.
    package static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The byte that two digits stand for; nil for anything else.
    package static func byte(_ digits: some Collection<UInt8>) -> UInt8? {
        guard digits.count == 2, let high = digits.first.flatMap(value), let low = digits.dropFirst().first.flatMap(value) else {
            return nil
        }
        return high << 4 | low
    }

    /// Whether these are digits and nothing else, lower case where `lowerCase` asks for it. No bytes are.
    package static func holds(_ bytes: some Sequence<UInt8>, lowerCase: Bool = false) -> Bool {
        bytes.allSatisfy { value(of: $0) != nil && !(lowerCase && (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0)) }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
}
