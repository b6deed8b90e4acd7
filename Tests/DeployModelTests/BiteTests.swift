import DeployModel
import Testing

/// What a run in which every test was made to fail says of the tests.
struct BiteTests {
    private func report(_ cases: [String: TestReport.Outcome]) -> TestReport { TestReport(cases: cases) }

    @Test func `a test that had passed and passes all the same is numb, and is named`() {
        let bite = BiteRule.judge(.exited(1), passed: ["a", "b"], bitten: report(["a": .failed, "b": .passed, "c": .passed]))
        #expect(bite.outcome == .numb && bite.numb == ["b"] && bite.numbCount == 1 && bite.asks)
    }

    @Test func `of many numb tests the record has the first, and the count of all`() {
        let ids = (0..<200).map { "t\($0)" }
        let bite = BiteRule.judge(
            .exited(0), passed: Set(ids), bitten: report(Dictionary(uniqueKeysWithValues: ids.map { ($0, .passed) })))
        #expect(bite.numb.count == TestVerdict.listed && bite.numbCount == 200)
    }

    @Test func `tests that fail, or are skipped, have noticed`() {
        let bite = BiteRule.judge(.exited(1), passed: ["a", "b"], bitten: report(["a": .failed, "b": .skipped]))
        #expect(bite.outcome == .held && !bite.asks)
    }

    @Test func `a run that ends with 0 is numb, whatever its report says`() {
        #expect(BiteRule.judge(.exited(0), passed: ["a"], bitten: report(["a": .failed])).outcome == .numb)
        #expect(BiteRule.judge(.exited(0), passed: ["a"], bitten: nil).outcome == .numb)
        #expect(BiteRule.judge(.exited(0), passed: nil, bitten: nil).outcome == .numb)
    }

    @Test func `without a report the exit code speaks for all`() {
        #expect(BiteRule.judge(.exited(1), passed: nil, bitten: nil).outcome == .held)
    }

    @Test(
        arguments: [
            .timedOut(seconds: 3), .signaled(9), .outOfMemory(reason: "x", then: "signal 9"),
        ] as [VerdictRule.Ending])
    func `a run that comes to no end of its own leaves it open, and a human is asked`(_ ending: VerdictRule.Ending) {
        let bite = BiteRule.judge(ending, passed: ["a"], bitten: nil)
        #expect(bite.outcome == .unknown && bite.asks)
    }

    @Test func `a report that is missing, or leaves tests out, leaves it open`() {
        #expect(BiteRule.judge(.exited(1), passed: ["a"], bitten: nil).outcome == .unknown)
        #expect(BiteRule.judge(.exited(1), passed: ["a", "b"], bitten: report(["a": .failed])).outcome == .unknown)
    }

    @Test(arguments: [
        ("README.md", true), ("docs/a.rst", true), ("img/x.PNG", true), ("LICENSE", true), ("a/.md", false), ("app.py", false),
        ("requirements.txt", false), ("README.md.py", false), ("docs/conf.py", false), ("data.json", false),
    ])
    func `documentation is known by its name`(_ path: String, _ expected: Bool) {
        #expect(Documentation.holds(Array(path.utf8)) == expected)
    }
}
