import DeployModel
import Testing

/// Reading what runners print that write no report.
struct PrintedReportTests {
    private func tests(_ text: String, _ format: TestReport.Format, bite: String? = nil) throws -> [String: TestReport.Outcome] {
        var reader = ReportReader(format, bite: bite)
        try reader.read(Array(text.utf8))
        return reader.report.cases
    }

    @Test func `of go each package's tests and subtests are read, one that panics as failed`() throws {
        #expect(
            try tests(goOutput, .go) == [
                "example.com/app::TestAdd": .passed, "example.com/app::TestTable": .passed,
                "example.com/app::TestTable/a_b": .passed,
                "example.com/app::TestTable/c": .passed, "example.com/app::TestSkip": .skipped, "example.com/app::TestBad": .failed,
                "example.com/app::TestGoes": .failed, "example.com/app/sub::TestX": .passed,
            ])
    }

    @Test func `of go what people read is what the tests printed`() throws {
        var reader = ReportReader(.go)
        try reader.read(Array(goOutput.utf8))
        #expect(
            String(decoding: reader.printed, as: UTF8.self).contains("no line end    b_test.go:8: bad\n--- FAIL: TestBad (0.00s)\n")
        )
    }

    @Test(
        arguments: [
            (#"{"Action":"run","Package":"p","Test":"TestA"}"#, ["p::TestA": .failed]),
            (#"{"Action":"run","Package":"p","Test":"TestA"}"# + "\n" + #"{"Action":"pass","Package":"p"}"#, ["p::TestA": .failed]),
            (#"{"Action":"fail","Package":"p"}"#, ["p::(package)": .failed]),
            (#"{"Action":"pass","Package":"p"}"#, ["p::(package)": .skipped]),
            (#"{"Action":"skip","Package":"p"}"#, [:]), ("# p [p.test]\n./a_test.go:5:30: undefined: x\n{", [:]), ("", [:]),
        ] as [(String, [String: TestReport.Outcome])])
    func `of go a test that does not end has failed, and so has a package that was not built`(
        _ text: String, _ expected: [String: TestReport.Outcome]
    ) throws {
        #expect(try tests(text, .go) == expected)
    }

    private let cargoTests: [String: TestReport.Outcome] = [
        "app_x src/lib.rs::tests::adds": .passed, "app_x src/lib.rs::tests::bad": .failed,
        "app_x src/lib.rs::tests::panics - should panic": .passed, "app_x src/lib.rs::tests::prints": .passed,
        "app_x src/lib.rs::tests::slow": .skipped, "app_x src/lib.rs::tests::res": .passed, "app_x src/main.rs::inmain": .passed,
        "tool src/bin/tool.rs::intool": .passed, "it tests/it.rs::integ": .passed, "it tests/it.rs::integ2": .passed,
        "Doc-tests app-x::src/lib.rs - add": .passed, "Doc-tests app-x::src/lib.rs - add ×2": .passed,
        "Doc-tests app-x::src/lib.rs - add ×3": .skipped, "Doc-tests app-x::src/lib.rs - add - compile": .passed,
        "Doc-tests app-x::src/lib.rs - add - compile fail": .passed,
    ]

    @Test func `of cargo each program's tests are read, and examples without their lines`() throws {
        #expect(try tests(cargoOutput, .cargo) == cargoTests)
    }

    @Test func `of cargo a program that ends before its tests have has failed`() throws {
        #expect(try tests(cargoEnding, .cargo) == ["app_x src/lib.rs::(program)": .failed, "app_x src/main.rs::inmain": .passed])
    }

    @Test func `of cargo the tests beside an added one that failed have failed, where their program said so`() throws {
        var bitten = try tests(cargoOutput, .cargo, bite: "bad")
        for (id, outcome) in cargoTests {
            var expected = outcome
            if outcome == .passed, id.hasPrefix("app_x src/lib.rs") { expected = .failed }
            if id.hasPrefix("Doc-tests") { expected = .skipped }
            #expect(bitten.removeValue(forKey: id) == expected, "\(id)")
        }
        #expect(bitten.isEmpty)
        let denied = cargoOutput.replacing("test result: FAILED. 4 passed; 1 failed", with: "test result: ok. 5 passed; 0 failed")
        #expect(try tests(denied, .cargo, bite: "bad")["app_x src/lib.rs::tests::adds"] == .passed)
    }

    @Test func `of cargo a test that prints without an end of line has its outcome all the same`() throws {
        let text =
            "     Running tests/a.rs (target/debug/deps/a-1f)\n\nrunning 2 tests\ntest one ... raw\nok\ntest two ... rawok\n\ntest result: ok. 2\n"
        #expect(try tests(text, .cargo) == ["a tests/a.rs::one": .passed, "a tests/a.rs::two": .passed])
    }

    @Test func `of swift the tests of both libraries are read`() throws {
        #expect(
            try tests(swiftOutput, .swift) == [
                "XCTest::OldTests.testAdd": .passed, "XCTest::OldTests.testSkip": .skipped, "Swift Testing::free()": .passed,
                "Swift Testing::off()": .skipped, "Swift Testing::adds()": .passed, "Swift Testing::\"named\"": .passed,
                "Swift Testing::\"a table\"": .passed,
            ])
    }

    @Test func `of swift a test that does not end has failed, and an added one that failed speaks for its library`() throws {
        let text = """
            Test Case 'A.testOne' passed (0.1 seconds)
            Test Case 'Pinfold1.testBite' failed (0.1 seconds)
            Test Suite 'All tests' failed at 2026-01-01 00:00:00.000
            ◇ Test gone() started.
            ✔ Test stays() passed after 0.001 seconds.
            """
        #expect(
            try tests(text, .swift, bite: "Pinfold1") == [
                "XCTest::A.testOne": .failed, "XCTest::Pinfold1.testBite": .failed, "Swift Testing::gone()": .failed,
                "Swift Testing::stays()": .passed,
            ])
    }
}

private let goOutput = #"""
    {"Action":"run","Package":"example.com/app","Test":"TestAdd"}
    {"Action":"output","Package":"example.com/app","Test":"TestAdd","Output":"=== RUN   TestAdd\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestAdd","Output":"--- PASS: TestAdd (0.00s)\n"}
    {"Action":"pass","Package":"example.com/app","Test":"TestAdd","Elapsed":0}
    {"Action":"run","Package":"example.com/app","Test":"TestTable"}
    {"Action":"output","Package":"example.com/app","Test":"TestTable","Output":"=== RUN   TestTable\n"}
    {"Action":"run","Package":"example.com/app","Test":"TestTable/a_b"}
    {"Action":"output","Package":"example.com/app","Test":"TestTable/a_b","Output":"=== RUN   TestTable/a_b\n"}
    {"Action":"run","Package":"example.com/app","Test":"TestTable/c"}
    {"Action":"output","Package":"example.com/app","Test":"TestTable/c","Output":"=== RUN   TestTable/c\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestTable","Output":"--- PASS: TestTable (0.00s)\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestTable/a_b","Output":"    --- PASS: TestTable/a_b (0.00s)\n"}
    {"Action":"pass","Package":"example.com/app","Test":"TestTable/a_b","Elapsed":0}
    {"Action":"output","Package":"example.com/app","Test":"TestTable/c","Output":"    --- PASS: TestTable/c (0.00s)\n"}
    {"Action":"pass","Package":"example.com/app","Test":"TestTable/c","Elapsed":0}
    {"Action":"pass","Package":"example.com/app","Test":"TestTable","Elapsed":0}
    {"Action":"run","Package":"example.com/app","Test":"TestSkip"}
    {"Action":"output","Package":"example.com/app","Test":"TestSkip","Output":"=== RUN   TestSkip\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestSkip","Output":"    app_test.go:7: no\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestSkip","Output":"--- SKIP: TestSkip (0.00s)\n"}
    {"Action":"skip","Package":"example.com/app","Test":"TestSkip","Elapsed":0}
    {"Action":"run","Package":"example.com/app","Test":"TestBad"}
    {"Action":"output","Package":"example.com/app","Test":"TestBad","Output":"=== RUN   TestBad\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestBad","Output":"no line end    b_test.go:8: bad\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestBad","Output":"--- FAIL: TestBad (0.00s)\n"}
    {"Action":"fail","Package":"example.com/app","Test":"TestBad","Elapsed":0}
    {"Action":"run","Package":"example.com/app","Test":"TestGoes"}
    {"Action":"output","Package":"example.com/app","Test":"TestGoes","Output":"=== RUN   TestGoes\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestGoes","Output":"--- FAIL: TestGoes (0.00s)\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestGoes","Output":"panic: gone [recovered]\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestGoes","Output":"\tpanic: gone\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestGoes","Output":"\n"}
    {"Action":"output","Package":"example.com/app","Test":"TestGoes","Output":"\t/usr/lib/go-1.19/src/runtime/panic.go:884 +0x212\n"}
    {"Action":"fail","Package":"example.com/app","Test":"TestGoes","Elapsed":0}
    {"Action":"output","Package":"example.com/app","Output":"FAIL\texample.com/app\t0.005s\n"}
    {"Action":"fail","Package":"example.com/app","Elapsed":0.005}
    {"Action":"output","Package":"example.com/app/none","Output":"?   \texample.com/app/none\t[no test files]\n"}
    {"Action":"skip","Package":"example.com/app/none","Elapsed":0}
    {"Action":"run","Package":"example.com/app/sub","Test":"TestX"}
    {"Action":"output","Package":"example.com/app/sub","Test":"TestX","Output":"=== RUN   TestX\n"}
    {"Action":"output","Package":"example.com/app/sub","Test":"TestX","Output":"--- PASS: TestX (0.00s)\n"}
    {"Action":"pass","Package":"example.com/app/sub","Test":"TestX","Elapsed":0}
    {"Action":"output","Package":"example.com/app/sub","Output":"PASS\n"}
    {"Action":"output","Package":"example.com/app/sub","Output":"ok  \texample.com/app/sub\t0.002s\n"}
    {"Action":"pass","Package":"example.com/app/sub","Elapsed":0.003}

    """#

private let cargoOutput = """
       Compiling app-x v0.1.0 (/work)
        Finished test [unoptimized + debuginfo] target(s) in 1.31s
         Running unittests src/lib.rs (target/debug/deps/app_x-836544e5977e67f0)

    running 6 tests
    test tests::adds ... ok
    test tests::bad ... FAILED
    test tests::panics - should panic ... ok
    test tests::prints ... ok
    test tests::slow ... ignored
    test tests::res ... ok

    failures:

    ---- tests::bad stdout ----
    halfthread 'tests::bad' panicked at 'assertion failed: false', src/lib.rs:26:40


    failures:
        tests::bad

    test result: FAILED. 4 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

    error: test failed, to rerun pass `--lib`
         Running unittests src/main.rs (target/debug/deps/app_x-d2761b8087ed8d50)

    running 1 test
    test inmain ... ok

    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

         Running unittests src/bin/tool.rs (target/debug/deps/tool-fa301f2d24365a56)

    running 1 test
    test intool ... ok

    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

         Running tests/it.rs (target/debug/deps/it-8691787970223fe2)

    running 2 tests
    raw
    test integ ... ok
    test integ2 ... ok

    test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

       Doc-tests app-x

    running 5 tests
    test src/lib.rs - add (line 15) ... ignored
    test src/lib.rs - add (line 12) - compile fail ... ok
    test src/lib.rs - add (line 3) ... ok
    test src/lib.rs - add (line 9) - compile ... ok
    test src/lib.rs - add (line 6) ... ok

    test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.26s

    error: 1 target failed:
        `--lib`

    """

private let cargoEnding = """
       Compiling app-x v0.1.0 (/work)
        Finished test [unoptimized + debuginfo] target(s) in 0.91s
         Running unittests src/lib.rs (target/debug/deps/app_x-836544e5977e67f0)

    running 6 tests
         Running unittests src/main.rs (target/debug/deps/app_x-d2761b8087ed8d50)

    running 1 test
    test inmain ... ok

    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

    """

private let swiftOutput = """
    Test Suite 'All tests' started at 2026-11-29 22:04:40.490
    Test Suite 'debug.xctest' started at 2026-11-29 22:04:40.742
    Test Suite 'OldTests' started at 2026-11-29 22:04:40.742
    Test Case 'OldTests.testAdd' started at 2026-11-29 22:04:40.742
    Test Case 'OldTests.testAdd' passed (0.008 seconds)
    Test Case 'OldTests.testSkip' started at 2026-11-29 22:04:40.751
    /srv/app/Tests/AppTests/AppTests.swift:6: OldTests.testSkip : Test skipped - no
    Test Case 'OldTests.testSkip' skipped (0.0 seconds)
    Test Suite 'OldTests' passed at 2026-11-29 22:04:40.751
    	 Executed 2 tests, with 1 test skipped and 0 failures (0 unexpected) in 0.009 (0.009) seconds
    Test Suite 'debug.xctest' passed at 2026-11-29 22:04:40.751
    	 Executed 2 tests, with 1 test skipped and 0 failures (0 unexpected) in 0.009 (0.009) seconds
    Test Suite 'All tests' passed at 2026-11-29 22:04:40.751
    	 Executed 2 tests, with 1 test skipped and 0 failures (0 unexpected) in 0.009 (0.009) seconds
    ◇ Test run started.
    ↳ Testing Library Version: 6.3.1 (937120cbc281cf2)
    ↳ Target Platform: x86_64-unknown-linux-gnu
    ◇ Suite NewTests started.
    ◇ Test free() started.
    ➜ Test off() skipped.
    ◇ Test adds() started.
    ◇ Test "named" started.
    ◇ Test "a table" started.
    ◇ Test case passing 1 argument n → 1 to "a table" started.
    ◇ Test case passing 1 argument n → 2 to "a table" started.
    ✔ Test free() passed after 0.001 seconds.
    ✔ Test adds() passed after 0.001 seconds.
    ✔ Test "named" passed after 0.001 seconds.
    ✔ Test "a table" with 2 test cases passed after 0.001 seconds.
    ✔ Suite NewTests passed after 0.001 seconds.
    ✔ Test run with 5 tests in 1 suite passed after 0.006 seconds.

    """
