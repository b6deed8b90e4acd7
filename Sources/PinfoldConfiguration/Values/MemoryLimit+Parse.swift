package import DeployModel

extension MemoryLimit {
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
}
