extension JUnitReport {
    /// Tests in one report, at most: more are no report.
    package static let mostCases = 500_000

    /// What a report says, for another process: a letter for the outcome and the id, each ended by a zero byte; a full stop at the end.
    package var digest: [UInt8] {
        var bytes: [UInt8] = []
        for (id, outcome) in cases {
            bytes.append(Self.letter(outcome))
            bytes += id.utf8.lazy.filter { $0 != 0 }
            bytes.append(0)
        }
        return bytes + [UInt8(ascii: ".")]
    }

    /// Reads a digest, whoever made it: nil where it is none, or more than a report may be.
    package init?(digest: [UInt8]) {
        guard digest.last == UInt8(ascii: ".") else { return nil }
        var cases: [String: Outcome] = [:]
        var rest = digest.dropLast()
        while let letter = rest.first {
            guard let outcome = [Outcome.passed, .failed, .skipped].first(where: { Self.letter($0) == letter }),
                let end = rest.firstIndex(of: 0), end - rest.startIndex <= Self.longestID + 64, cases.count < Self.mostCases
            else { return nil }
            cases[String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)] = outcome
            rest = rest[(end + 1)...]
        }
        self.init(cases: cases)
    }

    private static func letter(_ outcome: Outcome) -> UInt8 {
        switch outcome {
        case .passed: UInt8(ascii: "p")
        case .failed: UInt8(ascii: "f")
        case .skipped: UInt8(ascii: "s")
        }
    }
}
