/// From a run in which every test was made to fail to what that says about the tests: pure, so that a table tests it.
package enum BiteRule {
    /// - Parameters:
    ///   - passed: ids that passed in the run before; nil where that had no report.
    ///   - bitten: this run's report; nil where there is none that can be read.
    package static func judge(_ ending: VerdictRule.Ending, passed: Set<String>?, bitten: TestReport?) -> Bite {
        if let passed, let bitten {
            let numb = bitten.ids(.passed).intersection(passed).sorted()
            if !numb.isEmpty {
                var bite = Bite(.numb)
                bite.numb = numb.listed(TestVerdict.listed)
                bite.numbCount = numb.count
                return bite
            }
        }
        switch ending {
        case .exited(0):
            return Bite(.numb, reason: "the run in which each was made to fail ended with 0")
        case .timedOut(let seconds):
            return Bite(.unknown, reason: "the run in which each was made to fail did not end within \(seconds) s")
        case .outOfMemory(let reason, _):
            return Bite(.unknown, reason: "the run in which each was made to fail ran out of memory: \(reason)")
        case .signaled(let signal):
            return Bite(.unknown, reason: "the run in which each was made to fail was ended by signal \(signal)")
        case .exited: break
        }
        guard let passed else { return Bite(.held) }
        guard let bitten else {
            return Bite(.unknown, reason: "the run in which each was made to fail left no report that can be read")
        }
        let unheard = passed.subtracting(bitten.ids(.failed)).subtracting(bitten.ids(.skipped))
        guard unheard.isEmpty else {
            return Bite(
                .unknown,
                reason: "\(unheard.count) tests were not heard of in the run in which each was made to fail: \(unheard.min() ?? "")"
            )
        }
        return Bite(.held)
    }
}
