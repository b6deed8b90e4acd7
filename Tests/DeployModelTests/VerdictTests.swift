import DeployModel
import Testing

private func report(_ passed: [String] = [], failed: [String] = [], skipped: [String] = []) -> TestReport {
    var cases: [String: TestReport.Outcome] = [:]
    for id in passed { cases[id] = .passed }
    for id in failed { cases[id] = .failed }
    for id in skipped { cases[id] = .skipped }
    return TestReport(cases: cases)
}

struct VerdictTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var ending: VerdictRule.Ending
        var report: TestReport?
        var expected = true
        var lastGood: Set<String>?
        var seen = false
        var passes: Bool
    }

    static let table: [Case] = {
        return [
            Case(testDescription: "all passed", ending: .exited(0), report: report(["a", "b"]), passes: true),
            Case(testDescription: "one failed", ending: .exited(1), report: report(["a"], failed: ["b"]), passes: false),
            Case(testDescription: "one failed, exit 0", ending: .exited(0), report: report(["a"], failed: ["b"]), passes: false),
            Case(testDescription: "all passed, exit 1", ending: .exited(1), report: report(["a"]), passes: false),
            Case(testDescription: "none collected", ending: .exited(0), report: report([]), passes: false),
            Case(testDescription: "all skipped", ending: .exited(0), report: report([], skipped: ["a"]), passes: false),
            Case(testDescription: "report missing", ending: .exited(0), report: nil, passes: false),
            Case(testDescription: "no report promised", ending: .exited(0), report: nil, expected: false, passes: true),
            Case(
                testDescription: "a test is gone", ending: .exited(0), report: report(["a"]), lastGood: ["a", "b"], passes: false),
            Case(
                testDescription: "a test is newly skipped", ending: .exited(0), report: report(["a"], skipped: ["b"]),
                lastGood: ["a", "b"],
                passes: false),
            Case(
                testDescription: "a test is gone and a human is asked", ending: .exited(0), report: report(["a"]),
                lastGood: ["a", "b"],
                seen: true, passes: true),
            Case(
                testDescription: "a new test", ending: .exited(0), report: report(["a", "b", "c"]), lastGood: ["a", "b"],
                passes: true),
            Case(testDescription: "timed out", ending: .timedOut(seconds: 5), report: report(["a"]), passes: false),
            Case(testDescription: "killed", ending: .signaled(9), report: report(["a"]), passes: false),
        ]
    }()

    @Test(arguments: table)
    func `the verdict follows from each test's own result`(_ row: Case) {
        let verdict = VerdictRule.judge(
            row.ending, report: row.report, reportExpected: row.expected, lastGood: row.lastGood.map { PassedTests($0) },
            vanishingIsSeen: row.seen)
        #expect(verdict.passed == row.passes)
        #expect(verdict.passed || verdict.reason != nil)
    }

    @Test func `a pass by exit code alone says how weak it is`() {
        let verdict = VerdictRule.judge(.exited(0), report: nil, reportExpected: false, lastGood: nil, vanishingIsSeen: false)
        #expect(verdict.basis == .exitCode)
        #expect(verdict.reason?.contains("exit code alone") == true)
    }

    @Test func `tests that vanished are named`() {
        let verdict = VerdictRule.judge(
            .exited(0), report: report(["a"]), reportExpected: true, lastGood: PassedTests(["a", "gone"]), vanishingIsSeen: false)
        #expect(verdict.vanished == ["gone"])
        #expect(verdict.reason?.contains("gone") == true)
    }
}
