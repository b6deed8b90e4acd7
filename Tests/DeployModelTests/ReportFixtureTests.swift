import DeployModel
import TestSupport
import Testing

/// Reports as runners write them: what each says of each test.
struct ReportFixtureTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var report: String
        var passed: Set<String>
        var failed: Set<String> = []
        var skipped: Set<String> = []

        var testDescription: String { report }
    }

    static let table = [
        Row(report: "bats", passed: ["sums.bats::adds"], failed: ["sums.bats::fails"], skipped: ["sums.bats::skips"]),
        Row(
            report: "cargo-nextest-by-hand", passed: ["sums::api::adds", "sums::api::flaky", "sums::tests::adds"],
            failed: ["sums::tests::fails"]),
        Row(report: "ctest", passed: ["adds"], failed: ["fails"], skipped: ["skips", "later", "missing"]),
        Row(
            report: "go-junit-report-by-hand", passed: ["example.com/sums::TestAdds", "example.com/sums/words::TestAdds"],
            failed: ["example.com/sums::TestFails"], skipped: ["example.com/sums::TestSkips"]),
        Row(
            report: "googletest",
            passed: [
                "t.cpp::Sums::Adds", "t.cpp::Words::Adds", "t.cpp::Small/Each::IsPositive/0", "t.cpp::Small/Each::IsPositive/1",
            ],
            failed: ["t.cpp::Sums::Fails"], skipped: ["t.cpp::Sums::DISABLED_Later", "t.cpp::Sums::Skips"]),
        Row(
            report: "gotestsum",
            passed: ["example.com/sums::TestAdds", "example.com/sums::TestAdds/one", "example.com/sums/words::TestAdds"],
            failed: ["example.com/sums::TestFails"], skipped: ["example.com/sums::TestSkips"]),
        Row(
            report: "jest-junit-by-hand", passed: ["sums adds", "sums words adds", "more.test.js::undefined:: adds"],
            failed: ["sums fails"], skipped: ["sums skips"]),
        Row(
            report: "node",
            passed: [
                "test::adds", "test::adds ×2", "parent::test::child", "words::test::adds", "words::inner::test::adds",
                "test::empty", "s::test::a",
            ],
            failed: ["test::fails"],
            skipped: [
                "test::skips", "test::todo", "words::test::skipped", "test::off", "s::test::todo", "p::test::todo",
                "p::test::skipped", "test::q",
            ]),
        Row(
            report: "pytest",
            passed: [
                "tests.test_sums::test_adds", "tests.test_sums::test_each[<a>]", "tests.test_sums::test_each[b&c]",
                "tests.test_sums::test_each[\\xe4]", "tests.test_sums::test_each[\\x1b]", "tests.test_sums.TestWords::test_adds",
            ],
            failed: ["tests.test_sums::test_fails", "tests.test_sums::test_teardown"],
            skipped: ["tests.test_sums::test_skips", "tests.test_sums::test_expected"]),
        Row(report: "pytest-collection", passed: [], failed: ["tests.test_bad"]),
        Row(
            report: "surefire-sums", passed: ["com.example.SumsTest::adds", "com.example.SumsTest::flaky"],
            failed: ["com.example.SumsTest::fails", "com.example.SumsTest::throwsUp"], skipped: ["com.example.SumsTest::skips"]),
        Row(report: "surefire-words", passed: ["com.example.WordsTest::adds"]),
        // That a test was skipped it does not say.
        Row(
            report: "swift-xctest", passed: ["SumsTests.SumsCase::testAdds", "SumsTests.SumsCase::testSkips"],
            failed: ["SumsTests.SumsCase::testFails"]),
        Row(
            report: "swift-testing",
            passed: [
                "SumsTests::free()", "SumsTests.SumsSuite::each(_:)", "SumsTests.SumsSuite::`adds in words`()",
                "SumsTests.SumsSuite::adds()", "SumsTests.SumsSuite::known()",
            ],
            failed: ["SumsTests.SumsSuite::fails()"], skipped: ["SumsTests.SumsSuite::skips()"]),
        Row(
            report: "unittest-xml-reporting", passed: ["test_unit.Sums::test_adds"],
            failed: ["test_unit.Sums::test_each (n=2)", "test_unit.Sums::test_fails", "test_unit.Sums::test_unexpected"],
            skipped: ["test_unit.Sums::test_skips", "test_unit.Sums::test_expected"]),
    ]

    private func fixture(_ name: String) throws -> [UInt8] {
        try readBytes(#filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Fixtures/\(name).xml")
    }

    @Test(arguments: table)
    func `each test of a runner's report has its outcome`(_ row: Row) throws {
        let report = try parsed(fixture(row.report), roots: ["/srv/agent"])
        #expect(report.ids(.passed) == row.passed)
        #expect(report.ids(.failed) == row.failed)
        #expect(report.ids(.skipped) == row.skipped)
        #expect(report.remarks == [])
    }

    @Test func `pytest's ids are the same whichever of its families it writes`() throws {
        #expect(try parsed(fixture("pytest-xunit1")).cases == parsed(fixture("pytest")).cases)
    }

    @Test func `several files are one report`() throws {
        var reader = ReportReader(.junit)
        try reader.read(fixture("surefire-sums"))
        try reader.read(fixture("surefire-words"))
        #expect(reader.report.ids(.passed).count == 3 && reader.report.cases.count == 6)
    }
}
