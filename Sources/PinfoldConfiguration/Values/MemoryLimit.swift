/// What some processes may use of the memory in sum: so many bytes, a share of what the machine has, or as much as there is.
package enum MemoryLimit: Sendable, Hashable {
    case unlimited
    case bytes(UInt64)
    case percent(UInt64)

    /// Less than this starts nothing.
    static let least: UInt64 = 64 << 20

    static let accepted =
        "bytes as a number with K, M, G or T (powers of 1024) behind it, at least 64M; a share of the machine's memory from 1% to 100%; or none"

    /// Reads `4G`, `50%`, `none` or `off`.
    package init?(parsing text: String) {
        if ["none", "off"].contains(text) {
            self = .unlimited
        } else if text.hasSuffix("%") {
            let digits = text.dropLast()
            guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt64(digits), (1...100).contains(number) else {
                return nil
            }
            self = .percent(number)
        } else {
            guard let bytes = Quota.number(text[...], base: 1024, units: "KMGT"), bytes >= Self.least else { return nil }
            self = .bytes(bytes)
        }
    }

    /// The limit on a machine with so much memory; nil for none.
    package func bytes(of machine: UInt64) -> UInt64? {
        switch self {
        case .unlimited: nil
        case .bytes(let bytes): bytes
        case .percent(let percent): max(machine / 100 * percent, Self.least)
        }
    }
}
