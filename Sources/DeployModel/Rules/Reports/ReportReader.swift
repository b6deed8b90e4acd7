/// Why something is no report, in words that follow its name.
package struct ReportFault: Error, Hashable, Sendable {
    package let what: String

    package init(_ what: String) {
        self.what = what
    }

    /// Bytes of a fault that are passed on.
    package static let mostBytes = 500
}

/// Reads the files of one report, each whole or not at all: what cannot be read in whole is no report.
package struct ReportReader {
    package let format: TestReport.Format
    /// Where the run's copy was for the run: paths in a report are those of the tree, wherever that lay.
    let roots: [String]
    let bite: String?
    package private(set) var tests: [TestReport.Test] = []
    package private(set) var remarks: [String] = []
    /// For people: what was printed, where that is the report.
    package internal(set) var printed: [UInt8] = []
    private var bytes = 0
    private let mostTests: Int

    static let mostRemarks = 5
    /// Bytes of all ids.
    private static let mostBytes = 32 << 20

    /// - Parameter bite: see `ExpectedReport`.
    package init(_ format: TestReport.Format, roots: [String] = [], bite: String? = nil, mostTests: Int = TestReport.mostTests) {
        self.format = format
        self.bite = bite
        self.mostTests = mostTests
        // The longest first: one may lie in another.
        self.roots = roots.filter { $0.hasPrefix("/") && $0.utf8.count > 1 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    package mutating func read(_ bytes: [UInt8]) throws(ReportFault) {
        switch format {
        case .junit: try readJUnit(bytes)
        case .go, .cargo, .swift: try readOutput(bytes)
        }
    }

    /// For what reads a format.
    mutating func add(_ test: TestReport.Test) throws(ReportFault) {
        bytes += test.id.utf8.count + (test.formerID == test.id ? 0 : test.formerID.utf8.count)
        guard tests.count < mostTests, bytes <= Self.mostBytes else {
            throw ReportFault(
                "has more than \(mostTests) tests, or their names are longer than \(Self.mostBytes >> 20) MiB")
        }
        tests.append(test)
    }

    mutating func remark(_ text: String) {
        let text = String(decoding: Array(text.utf8.prefix(200)), as: UTF8.self)
        if remarks.count < Self.mostRemarks, !remarks.contains(text) { remarks.append(text) }
    }

    package var report: TestReport { TestReport(tests, remarks: remarks) }
}
