/// What a test run showed.
package struct TestVerdict: Codable, Hashable, Sendable {
    /// How many names a list in the record holds at most; the counts are always whole.
    package static let listed = 50

    package enum Basis: String, Codable, Hashable, Sendable {
        /// Each test's own result was read from a JUnit report.
        case report
        /// Only the command's exit code: a program under test that ends early with 0 would pass.
        case exitCode = "exit_code"
        /// Tests are switched off.
        case none
    }

    package var passed: Bool
    package var basis: Basis
    /// A sentence: why it failed, or what makes the pass weak.
    package var reason: String?
    package var command: String?
    package var durationMilliseconds: Int = 0
    package var passedCount = 0
    package var failedCount = 0
    package var skippedCount = 0
    /// Failed tests, and tests of the last good run that are gone or newly skipped.
    package var failed: [String] = []
    package var vanished: [String] = []
    package var vanishedCount = 0

    package init(passed: Bool, basis: Basis, reason: String? = nil) {
        self.passed = passed
        self.basis = basis
        self.reason = reason
    }
}
