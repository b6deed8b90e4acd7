/// What runners print that write no report: read line by line, once, whoever printed it.
extension ReportReader {
    mutating func readOutput(_ bytes: [UInt8]) throws(ReportFault) {
        let results: [PrintedResult]
        switch format {
        case .junit: return
        case .go: (results, printed) = GoTestLines.read(bytes)
        case .cargo: (results, printed) = (CargoTestLines.read(bytes, bite: bite), bytes)
        case .swift: (results, printed) = (SwiftTestLines.read(bytes, bite: bite), bytes)
        }
        for result in results {
            let name = TestName.inTree(result.name, roots)
            try add(.init(id: TestName(suite: TestReport.Test.bounded(result.suite), name: name).id, outcome: result.outcome))
        }
    }
}

/// A test's result as it was printed.
struct PrintedResult: Hashable {
    var suite: String
    var name: String
    var outcome: TestReport.Outcome
}

/// A line, or a part of one: compared by bytes, since comparing texts of a stranger's by characters may take the square of their lengths.
typealias Line = ArraySlice<UInt8>

extension Line {
    var text: String { String(decoding: self, as: UTF8.self) }

    func begins(_ text: String) -> Bool { starts(with: text.utf8) }

    func ends(_ text: String) -> Bool { count >= text.utf8.count && suffix(text.utf8.count).elementsEqual(text.utf8) }

    /// What follows the first occurrence of a text, and what is before it.
    func parted(at text: String) -> (before: Line, after: Line)? {
        let sought = Array(text.utf8)
        var start = startIndex
        while let first = self[start...].firstIndex(of: sought[0]) {
            if self[first...].starts(with: sought) { return (self[..<first], self[(first + sought.count)...]) }
            start = first + 1
        }
        return nil
    }
}

extension [UInt8] {
    /// Each line, without its end.
    var lines: [Line] { split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) }
}
