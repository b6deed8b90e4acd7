import DeployModel
import Testing

/// What a report says of its tests, in whatever words.
struct ReportMeaningTests {
    private func outcome(_ test: String, in suite: String = "<testsuite name='s'>") throws -> TestReport.Outcome? {
        try parsed("\(suite)\(test)</testsuite>").cases.first?.value
    }

    @Test(arguments: [
        "status='notrun'", "status='NotRun'", "status='not run'", "status='Not_Executed'", "status='disabled'", "status='skipped'",
        "result='suppressed'", "result='skipped'", "status='run' result='skipped'", "result='Ignored'", "executed='False'",
        "skipped='true'", "status='Pending'", "outcome='inconclusive'", "disabled='yes'", "x:status='notrun'", "STATUS='notrun'",
    ])
    func `what says that it did not run has not passed`(_ attribute: String) throws {
        #expect(try outcome("<testcase name='a' \(attribute)/>") == .skipped)
    }

    @Test(arguments: [
        "status='fail'", "status='FAILED'", "result='Failure'", "status='run' result='error'", "success='False'", "status='odd'",
        "status='1'", "outcome='almost'", "executed='perhaps'", "status='run' result='passed?'", "status='passed' result='failed'",
    ])
    func `what says that it failed, or what is not understood, has failed`(_ attribute: String) throws {
        #expect(try outcome("<testcase name='a' \(attribute)/>") == .failed)
    }

    @Test(arguments: [
        "", "status='run' result='completed'", "status='Passed'", "result='Success' executed='True' success='True'", "status=''",
        "skipped='false'", "time='0' timestamp='x' assertions='0' file='notrun' type='skipped'",
    ])
    func `what says that it passed, or nothing else, has passed`(_ attribute: String) throws {
        #expect(try outcome("<testcase name='a' \(attribute)/>") == .passed)
    }

    @Test(arguments: [
        ("<skipped/>", TestReport.Outcome.skipped), ("<n:skipped/>", .skipped), ("<failure/>", .failed), ("<error/>", .failed),
        ("<skipped/><failure/>", .failed), ("<failure/><skipped/>", .failed), ("<properties><failure/></properties>", .failed),
        ("<flakyFailure/>", .passed), ("<flakyError/>", .passed), ("<rerunFailure/>", .failed),
        ("<failure/><rerunFailure/>", .failed),
        ("<skipped type='todo'/><failure/>", .skipped), ("<system-out>failure</system-out>", .passed), ("<warning/>", .failed),
        ("<timeout/>", .failed), ("<ignored/>", .skipped), ("<properties/>", .passed),
    ])
    func `what is in a test says how it went`(_ row: (inside: String, outcome: TestReport.Outcome)) throws {
        #expect(try outcome("<testcase name='a'>\(row.inside)</testcase>") == row.outcome)
    }

    @Test(arguments: [
        "failures='2'", "errors='1'", "failures='0.5'", "skipped='1'", "failures='many'", "result='Failure'", "status='odd'",
    ])
    func `a suite that says what no test in it says has not passed`(_ attribute: String) throws {
        for (text, name) in [
            ("<testsuites><testsuite name='s' \(attribute)><testcase name='a'/></testsuite></testsuites>", "s"),
            ("<testsuites \(attribute)><testsuite name='s'><testcase name='a'/></testsuite></testsuites>", "report"),
        ] {
            let report = try parsed(text)
            #expect(report.ids(.failed) == [name] && report.ids(.passed) == ["s::a"], "\(report)")
            #expect(report.remarks.count == 1)
        }
    }

    @Test(arguments: [
        "tests='1' failures='0' errors='0' skipped='0'", "tests='7'", "disabled='3'", "failures=''", "errors=' 0 '", "time='x'",
    ])
    func `counts that runners make in their own ways say nothing`(_ attribute: String) throws {
        #expect(try parsed("<testsuite name='s' \(attribute)><testcase name='a'/></testsuite>").cases == ["s::a": .passed])
    }

    @Test func `counts are those of suites inside, too`() throws {
        let inner =
            "<testsuite name='i' failures='1' skipped='1'><testcase name='a'><failure/></testcase><testcase name='b'><skipped/></testcase></testsuite>"
        let report = try parsed(
            "<testsuites failures='1' skipped='1'><testsuite name='o' failures='1' skipped='1'>\(inner)</testsuite></testsuites>")
        #expect(report.cases == ["o::i::a": .failed, "o::i::b": .skipped])
    }

    @Test func `a suite that did not run has no test that passed`() throws {
        #expect(try outcome("<testcase name='a'/>", in: "<testsuite name='s' executed='False'>") == .skipped)
        #expect(try parsed("<testsuite name='s'><skipped/><testcase name='a'/></testsuite>").ids(.passed) == [])
    }

    @Test func `what is not understood is said`() throws {
        let report = try parsed("<testsuite><testcase name='a' status='odd'/></testsuite>")
        let verdict = VerdictRule.judge(.exited(0), report: report, reportExpected: true, lastGood: nil, vanishingIsSeen: true)
        #expect(verdict.reason == "1 tests failed although the command ended with 0: status=“odd” is not known to be a pass")
    }
}
