import DeployModel
import Testing

struct JUnitReportTests {
    private func parse(_ text: String) -> JUnitReport? { JUnitReport(parsing: Array(text.utf8)) }

    @Test func `pytest's report is read test by test`() throws {
        let report = try #require(
            parse(
                """
                <?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="4">\
                <testcase classname="tests.test_a" name="test_one" time="0.001" />\
                <testcase classname="tests.test_a" name="test_two[&lt;x&gt;&#65;]" time="0.001"><failure message="no">a &lt; b</failure></testcase>\
                <testcase classname="tests.test_a" name="test_three"><skipped type="pytest.skip" message="later" /></testcase>\
                <testcase classname="tests.test_b" name="test_four"><system-out><![CDATA[</testcase><failure/>]]></system-out></testcase>\
                </testsuite></testsuites>
                """))
        #expect(report.ids(.passed) == ["tests.test_a::test_one", "tests.test_b::test_four"])
        #expect(report.ids(.failed) == ["tests.test_a::test_two[<x>A]"])
        #expect(report.ids(.skipped) == ["tests.test_a::test_three"])
    }

    @Test func `of several results for one test the worst counts`() throws {
        let report = try #require(
            parse(
                "<testsuite><testcase name='a'><failure/></testcase><testcase name='a'/><testcase name='b'/><testcase name='b'><skipped/></testcase></testsuite>"
            ))
        #expect(report.cases == ["a": .failed, "b": .skipped])
    }

    @Test(arguments: [
        "", "not xml", "<testsuite>", "<testsuite><testcase name='a'></testsuite>", "<other/>", "<testsuite/><testsuite/>",
        "<!DOCTYPE t [<!ENTITY a 'b'>]><testsuite/>", "<testsuite><testcase name='a'/></testsuite",
        "<testsuite><testcase name='a/></testsuite>",
        "<testsuite><testcase><testcase name='b'/></testcase></testsuite>", "<testsuite><!-- </testsuite>",
    ])
    func `what cannot be read in whole is no report`(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test func `an error outside a test fails the run`() throws {
        let report = try #require(parse("<testsuite><testcase name='a'/><error message='could not be collected'/></testsuite>"))
        #expect(report.ids(.failed).count == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func `what is nested, long or repeated is read in time that grows with its length`() throws {
        let nested = String(repeating: "<error>", count: 30_000) + String(repeating: "</error>", count: 30_000)
        #expect(parse("<testsuite>\(nested)</testsuite>") == nil)
        let beside = String(repeating: "<error/>", count: 100_000)
        #expect(try #require(parse("<testsuite name='s'>\(beside)</testsuite>")).ids(.failed).count == 100_000)
        // Marks that a comparison would have to put in order.
        let marks = String(repeating: "\u{0301}\u{0323}", count: 200_000)
        let report = try #require(parse("<testsuite><testcase name='a\(marks)'/><testcase name='a\(marks)b'/></testsuite>"))
        #expect(report.cases.count == 2)
    }

    @Test func `a digest says what the report says, and what is none is refused`() throws {
        let report = JUnitReport(cases: ["a::b": .passed, "c": .failed, "": .skipped])
        #expect(JUnitReport(digest: report.digest) == report)
        #expect(JUnitReport(digest: JUnitReport(cases: [:]).digest) == JUnitReport(cases: [:]))
        for text in ["", "pa", "pa\0", "xa\0.", "pa.", "p" + String(repeating: "a", count: 2000) + "\0."] {
            #expect(JUnitReport(digest: Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test func `a hundred thousand tests are read`() throws {
        let many = (0..<100_000).map { "<testcase classname='c' name='t\($0)'/>" }.joined()
        #expect(try #require(parse("<testsuite>\(many)</testsuite>")).cases.count == 100_000)
    }
}
