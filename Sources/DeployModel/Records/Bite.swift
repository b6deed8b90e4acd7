/// What was found out about whether the tests still notice a failure, by a second run in which each was made to fail after it had run.
package struct Bite: Codable, Hashable, Sendable {
    package enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        /// Each test that had passed failed.
        case held
        /// Some passed all the same.
        case numb
        /// That run did not come to an end that says anything.
        case unknown
        /// Tests of this kind cannot be made to fail from outside.
        case impossible
        /// Nothing that can run has changed.
        case notNeeded = "not_needed"
        /// The admin wants no such run.
        case off
    }

    package var outcome: Outcome
    /// Ids of tests that passed all the same, the first `TestVerdict.listed` of them; empty where no report says which.
    package var numb: [String] = []
    package var numbCount = 0
    /// A sentence.
    package var reason: String?
    package var durationMilliseconds: Int?

    package init(_ outcome: Outcome, reason: String? = nil) {
        self.outcome = outcome
        self.reason = reason
    }

    /// Whether a human has to look.
    package var asks: Bool { outcome == .numb || outcome == .unknown }

    /// For people.
    package var sentence: String {
        let because = reason.map { ": \($0)" } ?? ""
        return switch outcome {
        case .held: "every test that had passed failed when it was made to"
        case .numb where numbCount > 0: "\(numbCount) tests passed though they were made to fail"
        case .numb: "the tests passed though they were made to fail\(because)"
        case .unknown: "whether the tests notice a failure is not known\(because)"
        case .impossible: "whether the tests notice a failure cannot be tried\(because)"
        case .notNeeded: "whether the tests notice a failure was not tried\(because)"
        case .off: "whether the tests notice a failure is not tried\(because)"
        }
    }
}
