/// What a zone may use: bytes, and a number of files and directories.
package struct Quota: Sendable, Hashable, CustomStringConvertible {
    package var bytes: UInt64
    package var inodes: UInt64?

    package init(bytes: UInt64, inodes: UInt64? = nil) {
        self.bytes = bytes
        self.inodes = inodes
    }

    static let accepted =
        "bytes as a number with K, M, G or T (powers of 1024) behind it, and after a comma a number of inodes with K or M (thousands, millions): 10G or 10G,1M"

    /// Reads `10G` or `10G,1M`.
    package init?(parsing text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let bytes = Self.number(parts[0], base: 1024, units: "KMGT"), bytes > 0 else {
            return nil
        }
        var inodes: UInt64?
        if parts.count == 2 {
            guard let number = Self.number(parts[1], base: 1000, units: "KM"), number > 0 else { return nil }
            inodes = number
        }
        self.init(bytes: bytes, inodes: inodes)
    }

    static func number(_ text: Substring, base: UInt64, units: String) -> UInt64? {
        var digits = text
        var factor: UInt64 = 1
        if let last = text.last, let index = units.firstIndex(of: Character(last.uppercased())) {
            digits.removeLast()
            for _ in 0...units.distance(from: units.startIndex, to: index) { factor *= base }
        }
        // UInt64 would take a leading `+`.
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt64(digits)
        else { return nil }
        let (result, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow || result > UInt64(Int64.max) ? nil : result
    }

    /// Plain numbers, as `pinfold-mount` takes them: `10737418240,1000000`.
    package var description: String { inodes.map { "\(bytes),\($0)" } ?? "\(bytes)" }
}
