package import DeployModel

/// One program of a test run, and what surrounds it. A phase that does not succeed ends the run.
package struct Phase: Hashable, Sendable {
    /// The program and its arguments.
    package var command: [String]
    /// Beside what every test is told.
    package var environment: [String: String] = [:]
    /// What the program can read, once, from its descriptors 3, 4, …: at most `mostHanded` bytes each.
    package var handed: [[UInt8]] = []
    /// Files that it sees and cannot change, by path inside the fence.
    package var shown: [String: [UInt8]] = [:]
    /// What is done to the copy before it, in order.
    package var preparations: [Preparation] = []
    package var report: ExpectedReport?

    package init(_ command: [String]) {
        self.command = command
    }

    /// What a pipe holds.
    package static let mostHanded = 1 << 16

    package enum Preparation: Hashable, Sendable {
        /// A file of these bytes; what stands there is replaced.
        case put(path: String, [UInt8])
        case remove(path: String)
        /// More at the end of a file.
        case append(path: String, [UInt8])
        /// The file as it was before, with its times: nobody builds again for it.
        case restore(path: String)
    }
}

/// Where a run's report comes from.
package struct ExpectedReport: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// A file of the copy, or several: a `ReportPattern`. What the commit brings is not read.
        case file(String)
        /// What is written to the descriptor after those of `Phase.handed`.
        case descriptor
    }

    package var source: Source
    package var format: TestReport.Format
    /// Whether the program is told of the one path that it is, by PINFOLD_TEST_REPORT.
    package var isTold: Bool
    /// A name that failing tests have which were added. Where they failed, and their program said so, the tests beside them are read as failed: that program
    /// would have noticed. Where they did not, the others are read as they are.
    package var bite: String?
    /// What ends it and is not the report's: only who was handed this can have written it. Empty where nobody was.
    package var secret: [UInt8] = []

    package init(_ source: Source, _ format: TestReport.Format, isTold: Bool = false, bite: String? = nil) {
        self.source = source
        self.format = format
        self.isTold = isTold
        self.bite = bite
    }

    /// In the copy, where the admin names no other.
    package static let usual = ".pinfold-test-report.xml"
}
