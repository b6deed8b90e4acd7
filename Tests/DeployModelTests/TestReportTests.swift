import DeployModel
import Testing

func parsed(_ bytes: [UInt8], roots: [String] = []) throws(ReportFault) -> TestReport {
    var reader = ReportReader(.junit, roots: roots)
    try reader.read(bytes)
    return reader.report
}

func parsed(_ text: String, roots: [String] = []) throws(ReportFault) -> TestReport {
    try parsed(Array(text.utf8), roots: roots)
}

struct TestReportTests {
    @Test func `pytest's report is read test by test`() throws {
        let report = try parsed(
            """
            <?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="4">\
            <testcase classname="tests.test_a" name="test_one" time="0.001" />\
            <testcase classname="tests.test_a" name="test_two[&lt;x&gt;&#65;]" time="0.001"><failure message="no">a &lt; b</failure></testcase>\
            <testcase classname="tests.test_a" name="test_three"><skipped type="pytest.skip" message="later" /></testcase>\
            <testcase classname="tests.test_b" name="test_four"><system-out><![CDATA[</testcase><failure/>]]></system-out></testcase>\
            </testsuite></testsuites>
            """)
        #expect(report.ids(.passed) == ["tests.test_a::test_one", "tests.test_b::test_four"])
        #expect(report.ids(.failed) == ["tests.test_a::test_two[<x>A]"])
        #expect(report.ids(.skipped) == ["tests.test_a::test_three"])
    }

    @Test func `several results for one test are several tests, and none is gone unseen`() throws {
        let text =
            "<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase><testcase name='b'/><testcase name='c ×2'/><testcase name='c'/><testcase name='c'/></testsuite>"
        #expect(
            try parsed(text).cases == [
                "a": .passed, "b": .passed, "b ×2": .skipped, "c": .passed, "c ×2": .passed, "c ×2 ×1": .passed,
            ])
        let twice = try parsed("<testsuite><testcase name='a'/><testcase name='a'/></testsuite>")
        let once = try parsed("<testsuite><testcase name='a'/></testsuite>")
        let verdict = VerdictRule.judge(
            .exited(0), report: once, reportExpected: true, lastGood: PassedTests(twice.ids(.passed)), vanishingIsSeen: false)
        #expect(verdict.vanished == ["a ×2"])
    }

    @Test(arguments: [
        "", "not xml", "<testsuite>", "<testsuite><testcase name='a'></testsuite>", "<other/>", "<testsuite/><testsuite/>",
        "<!DOCTYPE t [<!ENTITY a 'b'>]><testsuite/>", "<testsuite><testcase name='a'/></testsuite", "<testsuite/><!DOCTYPE t>",
        "<testsuite><testcase name='a/></testsuite>", "<testsuite/>text", "text<testsuite/>", "<testsuite/><![CDATA[]]>",
        "<testsuite><testcase><testcase name='b'/></testcase></testsuite>", "<testsuite><!-- </testsuite>",
        "<a:testsuite></b:testsuite>",
        "<testsuite><testcase name='a' status='run' status='notrun'/></testsuite>",
        "<testsuite><testcase name='a'status='run'/></testsuite>",
        "<testsuite><testcase name=a/></testsuite>", "<testsuite><testcase name/></testsuite>", "<testsuite><1/></testsuite>",
        "<testsuite><testcase name='&#0;'/></testsuite>", "<testsuite><testcase name='&#xD800;'/></testsuite>",
        "<testsuite><testcase name='&#x110000;'/></testsuite>", "<testsuite><testcase name='&other;'/></testsuite>",
        "<testsuite><testcase name='a & b'/></testsuite>", "<testsuite><testcase name='<'/></testsuite>",
        "<testsuite><system-out><testcase name='a'/></system-out></testsuite>", "<testsuite/><?xml version='1.0'?>",
        "<testsuite><testcase name='a'/>\0</testsuite>",
    ])
    func `what cannot be read in whole is no report, and why is said`(_ text: String) throws {
        let fault = #expect(throws: ReportFault.self) { try parsed(text) }
        #expect(try #require(fault).what.isEmpty == false)
    }

    @Test(arguments: [
        "<?xml version='1.1'?><!DOCTYPE testsuite SYSTEM '[x'><testsuite><testcase name='a'/></testsuite>\n<!-- > -->",
        "<j:testsuite xmlns:j='j' xmlns:name='n'><j:testcase j:name='a'></j:testcase ></j:testsuite>",
        "<?pi <testsuite> ?><testsuite ><testcase\nname = \"&#97;\"\t/><![CDATA[<]]>&x;</testsuite>",
        "<testsuite><testcase name='a' xml:other='&#27;[0m'/></testsuite>",
    ])
    func `what XML allows is read`(_ text: String) throws {
        #expect(try parsed(text).cases == ["a": .passed])
    }

    @Test func `a report is known by its beginning`() {
        for text in ["<testsuite/>", "\u{FEFF}<?xml version='1.0'?>\n<!-- a --><testsuites", "<!DOCTYPE a><testsuite"] {
            #expect(TestReport.begins(Array(text.utf8)), "\(text)")
        }
        for text in ["", "<", "<feed><testsuite/>", "text"] { #expect(!TestReport.begins(Array(text.utf8)), "\(text)") }
    }

    @Test func `an error outside a test fails the run`() throws {
        let report = try parsed("<testsuite><testcase name='a'/><error message='could not be collected'/></testsuite>")
        #expect(report.ids(.failed).count == 1)
    }

    @Test(.timeLimit(.minutes(10)))
    func `what is nested, long or repeated is read in time that grows with its length`() throws {
        let nested = String(repeating: "<error>", count: 30_000) + String(repeating: "</error>", count: 30_000)
        #expect(throws: ReportFault.self) { try parsed("<testsuite>\(nested)</testsuite>") }
        let beside = String(repeating: "<error/>", count: 100_000)
        #expect(try parsed("<testsuite name='s'>\(beside)</testsuite>").cases == ["s": .failed])
        // Marks that a comparison would have to put in order.
        let marks = String(repeating: "\u{0301}\u{0323}", count: 200_000)
        #expect(try parsed("<testsuite><testcase name='a\(marks)'/><testcase name='a\(marks)b'/></testsuite>").cases.count == 2)
        // Suites whose names say more and more.
        let deep = String(repeating: "<testsuite name='\(String(repeating: "1-", count: 500))'>", count: 900)
        let tests = String(repeating: "<testcase name='t'/>", count: 1000)
        let report = try parsed(deep + tests + String(repeating: "</testsuite>", count: 900))
        #expect(report.cases.count == 1000 && report.cases.keys.allSatisfy { $0.utf8.count < 1100 })
    }

    @Test func `a digest says what the report says, and what is none is refused`() throws {
        let tests = [
            TestReport.Test(id: "a::b", formerID: "b", outcome: .passed), TestReport.Test(id: "c", outcome: .failed),
            TestReport.Test(id: "", outcome: .skipped), TestReport.Test(id: "c", outcome: .passed),
        ]
        for (tests, remarks) in [(tests, ["a", "b"]), ([], [])] {
            #expect(
                TestReport.read(digest: TestReport.digest(tests, remarks: remarks)) == .success(TestReport(tests, remarks: remarks))
            )
        }
        let fault = ReportFault("is cut off")
        #expect(TestReport.read(digest: TestReport.digest(fault)) == .failure(fault))
        for text in [
            "", "pa", "pa\0", "pa\0.", "xa\0\0.", "pa.", "p" + String(repeating: "a", count: 2000) + "\0\0.", "pa\0\0!b\0\0.",
        ] {
            #expect(TestReport.read(digest: Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test func `a hundred thousand tests are read, and more than a report has are none`() throws {
        func many(_ count: Int) -> String {
            "<testsuite>" + (0..<count).map { "<testcase classname='c' name='t\($0)'/>" }.joined() + "</testsuite>"
        }
        #expect(try parsed(many(100_000)).cases.count == 100_000)
        var reader = ReportReader(.junit, mostTests: 10)
        #expect(throws: ReportFault.self) { try reader.read(Array(many(11).utf8)) }
    }
}
