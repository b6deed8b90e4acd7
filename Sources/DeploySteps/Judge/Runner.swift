package import DeployModel

/// A kind of program that runs tests, with its arguments.
package protocol Runner: Sendable {
    var kind: RunnerKind { get }
    /// The kind as people call it.
    var name: String { get }
    /// The command as people are shown it.
    var command: String { get }
    /// Whether each test speaks for itself.
    var reports: Bool { get }
    /// Why nobody can be sure that it still notices a failure, in words; nil where that is tried.
    var cannotBite: String? { get }

    /// The programs of one run, in order; at most one of them has a report.
    /// - Parameter tree: the exported tree, to be looked at alone.
    func phases(_ run: JudgedRun, in tree: String) throws -> [Phase]
}

/// Which run it is: the same programs, arguments and files in both.
package enum JudgedRun: Hashable, Sendable {
    case real
    /// Every test is made to fail after it has run.
    case bitten
}

/// A command that a shell runs.
package struct ShellRunner: Runner {
    package let kind: RunnerKind
    package let name: String
    package let command: String
    /// A file of the copy that it writes its report into.
    package var report: String?
    /// Whether the command learns of that file by PINFOLD_TEST_REPORT; a run without it fails.
    package var promisesReport: Bool

    package init(_ kind: RunnerKind, named name: String, command: String, report: String? = nil, promisesReport: Bool = false) {
        self.kind = kind
        self.name = name
        self.command = command
        self.report = report
        self.promisesReport = promisesReport
    }

    package var reports: Bool { promisesReport }
    package var cannotBite: String? {
        switch kind {
        case .npm: "what the project's test script runs is not known"
        case .make: "what the project's Makefile runs is not known"
        case .node, .go, .cargo, .swift: "no test of a known form was found, or the report is one that the settings name"
        default: "what the command runs is not known"
        }
    }

    package func phases(_ run: JudgedRun, in tree: String) -> [Phase] {
        var phase = Phase(["/bin/sh", "-c", command])
        phase.report = ExpectedReport(.file(report ?? ExpectedReport.usual), .junit, isTold: true)
        return [phase]
    }
}
