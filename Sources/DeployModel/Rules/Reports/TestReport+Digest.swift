/// What a reader says about a report, for another process: a letter, a text and a second one, each text ended by a zero byte; a full stop at the end.
extension TestReport {
    /// - Parameter tests: at most `mostTests`.
    package static func digest(_ tests: [Test], remarks: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        func put(_ text: String) {
            bytes += text.utf8.lazy.filter { $0 != 0 }
            bytes.append(0)
        }
        for test in tests {
            bytes.append(letter(test.outcome))
            put(test.id)
            put(test.formerID == test.id ? "" : test.formerID)
        }
        for remark in remarks {
            bytes.append(UInt8(ascii: "r"))
            put(remark)
            put("")
        }
        return bytes + [UInt8(ascii: ".")]
    }

    /// The digest of what is no report.
    package static func digest(_ fault: ReportFault) -> [UInt8] {
        [UInt8(ascii: "!")] + fault.what.utf8.lazy.filter { $0 != 0 }.prefix(ReportFault.mostBytes) + [0, 0, UInt8(ascii: ".")]
    }

    /// Reads a digest, whoever made it: nil where it is none, or more than a report may be.
    package static func read(digest: [UInt8]) -> Result<TestReport, ReportFault>? {
        guard digest.last == UInt8(ascii: ".") else { return nil }
        var tests: [Test] = []
        var remarks: [String] = []
        var rest = digest.dropLast()
        func text() -> String? {
            guard let end = rest.prefix(Test.longestID + 64).firstIndex(of: 0) else { return nil }
            defer { rest = rest[(end + 1)...] }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
        while let letter = rest.popFirst() {
            guard let first = text(), let second = text() else { return nil }
            if letter == UInt8(ascii: "!") { return tests.isEmpty && rest.isEmpty ? .failure(ReportFault(first)) : nil }
            if letter == UInt8(ascii: "r") {
                guard remarks.count < ReportReader.mostRemarks else { return nil }
                remarks.append(first)
                continue
            }
            guard let outcome = Outcome.allCases.first(where: { Self.letter($0) == letter }), tests.count < mostTests else {
                return nil
            }
            tests.append(Test(id: first, formerID: second.isEmpty ? nil : second, outcome: outcome))
        }
        return .success(TestReport(tests, remarks: remarks))
    }

    private static func letter(_ outcome: Outcome) -> UInt8 {
        switch outcome {
        case .passed: UInt8(ascii: "p")
        case .failed: UInt8(ascii: "f")
        case .skipped: UInt8(ascii: "s")
        }
    }
}
