/// From a run's exit and its report to a verdict: pure, so that a table tests it.
///
/// The exit code alone proves little: a root `conftest.py`, `--collect-only` in a settings file, or `os._exit(0)` in the program under
/// test turn a failing suite green. With a report each test has to say for itself that it passed.
package enum VerdictRule {
    /// How the command ended.
    package enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut(seconds: Int)
        /// The kernel ended some of it for want of memory, and it did not succeed: why, and how it ended then.
        case outOfMemory(reason: String, then: String)
    }

    /// - Parameters:
    ///   - report: what the report says; nil where there is none.
    ///   - reportExpected: whether the settings or the detected runner promise one.
    ///   - lastGood: ids that passed when the deployed version was tested; nil where it was not tested by report.
    ///   - vanishingIsSeen: whether tests that are gone or newly skipped are shown to a human (`ApprovalRule`), or came with a change of the
    ///     test surface. Then they do not fail the run by themselves: otherwise no test could ever be removed or renamed, nor the code that a
    ///     parametrised test takes its cases from.
    package static func judge(
        _ ending: Ending, report: TestReport?, reportExpected: Bool, lastGood: PassedTests?, vanishingIsSeen: Bool
    ) -> TestVerdict {
        var verdict = TestVerdict(passed: false, basis: report == nil ? .exitCode : .report)
        if let report {
            let failed = report.ids(.failed)
            let skipped = report.ids(.skipped)
            let passed = report.ids(.passed)
            verdict.passedCount = passed.count
            verdict.failedCount = failed.count
            verdict.skippedCount = skipped.count
            verdict.failed = failed.sorted().listed(TestVerdict.listed)
            let vanished =
                lastGood.map {
                    $0.ids.subtracting(report.ids(.passed, in: $0.form)).subtracting(report.ids(.failed, in: $0.form))
                } ?? []
            verdict.vanishedCount = vanished.count
            verdict.vanished = vanished.sorted().listed(TestVerdict.listed)
        }
        switch ending {
        case .timedOut(let seconds):
            verdict.reason = "the tests did not end within \(seconds) s; everything they had started was killed"
            return verdict
        case .signaled(let signal):
            verdict.reason = "the tests were ended by signal \(signal)"
            return verdict
        case .outOfMemory(let reason, let then):
            verdict.reason = "\(reason); the tests ended with \(then)"
            return verdict
        case .exited(let code) where code != 0:
            verdict.reason =
                verdict.failedCount > 0
                ? "\(verdict.failedCount) of \(verdict.failedCount + verdict.passedCount) tests failed"
                : "the tests ended with exit code \(code)"
            return verdict
        case .exited: break
        }
        guard let report else {
            if reportExpected {
                verdict.reason = "the test command ended with 0 but wrote no readable report, so nothing shows that a test ran"
                return verdict
            }
            verdict.passed = true
            verdict.reason = "by exit code alone: no report says which tests ran (AGENT_DEPLOY_TEST_REPORT)"
            return verdict
        }
        if verdict.failedCount > 0 {
            let remarks = report.remarks.isEmpty ? "" : ": " + report.remarks.joined(separator: "; ")
            verdict.reason = "\(verdict.failedCount) tests failed although the command ended with 0\(remarks)"
        } else if report.cases.isEmpty {
            verdict.reason = "the report names no test at all"
        } else if verdict.passedCount == 0 {
            verdict.reason = "every test was skipped"
        } else if verdict.vanishedCount > 0, !vanishingIsSeen {
            verdict.reason =
                "\(verdict.vanishedCount) tests that passed for the deployed version are gone or skipped: \(verdict.vanished[0])"
        } else {
            verdict.passed = true
            if verdict.vanishedCount > 0 {
                verdict.reason = "\(verdict.vanishedCount) tests that passed for the deployed version are gone or skipped"
            }
        }
        return verdict
    }
}
