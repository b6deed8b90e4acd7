import DeployModel
import Testing

struct TestNameTests {
    private func id(_ suites: [String], _ test: String) throws -> String? {
        let start = suites.map { "<testsuite \($0)>" }.joined()
        let end = String(repeating: "</testsuite>", count: suites.count)
        return try parsed(
            "<testsuites name='run 17'>\(start)<testcase \(test)/>\(end)</testsuites>",
            roots: ["/tree", "/srv/app/releases/7-abc"]
        )
        .cases.keys.first
    }

    @Test(arguments: [
        ("name='a'", "classname='c' name='t'", "a::c::t"), ("name='a.c'", "classname='c' name='t'", "a.c::t"),
        ("name='c'", "classname='c.d' name='t'", "c.d::t"), ("name='cd'", "classname='c' name='t'", "cd::c::t"),
        ("name='pytest'", "classname='tests.test_a.T' name='t' file='tests/test_a.py'", "tests.test_a.T::t"),
        ("name='s'", "classname='c' name='t' file='src/a.js'", "src/a.js::s::c::t"),
        ("name='src/a.test.ts'", "classname='src/a.test.ts' name='t'", "src/a.test.ts::t"),
        ("name='s' file='./spec/a_spec.rb'", "classname='spec.a_spec' name='t'", "s::spec.a_spec::t"),
        ("name='s'", "name='t' file='/tree/a b.js'", "a b.js::s::t"), ("name='/tree/a.bats'", "name='t'", "a.bats::t"),
        ("name='s'", "classname='/srv/app/releases/7-abc/x.js' name='in /tree/d'", "s::x.js::in d"),
        ("name='s'", "name='file:///tree/a.js and /hometree/b'", "s::a.js and /hometree/b"), ("name=''", "name='t'", "t"),
        ("", "classname='c'", "c"),
    ])
    func `an id says file, suites, class and name once`(_ row: (suite: String, test: String, id: String)) throws {
        #expect(try id([row.suite], row.test) == row.id)
    }

    @Test(arguments: [
        ("T-20260131123000", "T"), ("T 2026-01-31T12:30:00.123Z", "T"), ("T (2026-01-31 12:30)", "T (…)"), ("T 2026-01-31", "T"),
        ("run 45c50042-482e-477e-88d6-60cfcc3eaf95 of T", "run … of T"), ("T at localhost:43210", "T at localhost"),
        ("T on build-host", "T on"), ("d41d8cd98f00b204e9800998ecf8427e/T", "…/T"), ("T 1767225600", "T"),
        ("v1.2.3", "v1.2.3"), ("case 12", "case 12"), ("http 404", "http 404"), ("deadbeef", "deadbeef"), ("a:80", "a:80"),
        ("utf-8 and 1234", "utf-8 and 1234"), ("rebuild-hosted", "rebuild-hosted"),
    ])
    func `what is another by each run is in no id`(_ row: (suite: String, name: String)) throws {
        #expect(try id(["name='\(row.suite)' hostname='build-host'"], "name='t'") == row.name + "::t")
    }

    @Test func `tests of one name in two suites, files or classes are two`() throws {
        let suites = "<testsuite name='a'><testcase name='t'/></testsuite><testsuite name='b'><testcase name='t'/></testsuite>"
        #expect(try parsed("<testsuites>\(suites)</testsuites>").cases.count == 2)
        let before = try parsed("<testsuite><testcase name='t' file='a'/><testcase name='t' file='b'/></testsuite>")
        let after = try parsed("<testsuite><testcase name='t' file='a'/><testcase name='t' file='c'/></testsuite>")
        let verdict = VerdictRule.judge(
            .exited(0), report: after, reportExpected: true, lastGood: PassedTests(before.ids(.passed)), vanishingIsSeen: false)
        #expect(verdict.vanished == ["b::t"])
    }

    @Test func `ids that an older daemon recorded are compared in its own form`() throws {
        let report = try parsed(
            "<testsuites><testsuite name='s'><testcase classname='c' name='t'/><testcase file='f' name='u'/></testsuite><testsuite name='s2'><testcase classname='c' name='t'><skipped/></testcase></testsuite></testsuites>"
        )
        func vanished(_ ids: Set<String>) -> [String] {
            VerdictRule.judge(
                .exited(0), report: report, reportExpected: true, lastGood: PassedTests(ids, form: .classAndName),
                vanishingIsSeen: false
            ).vanished
        }
        #expect(vanished(["f::u"]) == [])
        // Of several results for one such id the worst counted.
        #expect(vanished(["c::t", "f::u", "c::gone"]) == ["c::gone", "c::t"])
    }

    @Test(arguments: [
        "name='a' hostname='\(String(repeating: "a", count: 100_000))'", "name='\(String(repeating: "1-", count: 100_000))'",
        "name='\(String(repeating: "/tree", count: 100_000))'",
    ])
    func `a long name is bounded`(_ suite: String) throws {
        #expect(
            try #require(try id([suite, suite], "name='t' file='/tree/\(String(repeating: "/tree/", count: 50_000))'")).utf8.count
                <= 1024)
    }
}
