import DataRoot
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// Reports as a real daemon takes them from a real run.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReportTests {
    private static func suite(_ name: String, _ tests: String = "<testcase name='ok'/>") -> String {
        "<testsuite name='\(name)'>\(tests)</testsuite>"
    }

    private func deploying(
        _ report: String, _ body: @Sendable @escaping (Farm, DeployService) async throws -> Void
    ) async throws {
        try await configured { farm in
            farm.settings.tests.report = report
            farm.settings.tests.command = "sh ./run.sh"
            // The script, which the agent writes here, is the judge.
            farm.settings.judge.requiresApproval = false
        }.run(body)
    }

    @Test(arguments: ["build/t", "build/t/TEST-*.xml", "**/t/*.xml", "build/**"])
    func `a directory or a pattern is a report of several files`(_ report: String) async throws {
        try await deploying(report) { farm, service in
            let write =
                "mkdir -p build/t; for c in A B; do echo \"<testsuite name='$c'><testcase name='ok'/></testsuite>\" > build/t/TEST-$c.xml; done\n"
            let both = try await service.deployed(farm.commit(["run.sh": write]))
            #expect(both.verdict?.passedCount == 2)
            // One suite's file is gone; the test of the same name in the other is not it.
            let one = try await service.outcome(of: farm.commit(["run.sh": write + "rm build/t/TEST-B.xml\n", "m": "1"]))
            #expect(one.verdict?.vanished == ["B::ok"], "\(one)")
            for (command, words) in [
                ("ln -s TEST-A.xml build/t/TEST-C.xml", "TEST-C.xml, which is no regular file"),
                ("mkfifo build/t/TEST-C.xml", "TEST-C.xml, which is no regular file"),
                ("echo '<testsuite>' > build/t/TEST-C.xml", "TEST-C.xml is cut off"),
                (
                    "echo \"<testsuite><testcase name='a' status='notrun'/><testcase name='b' status='odd'/></testsuite>\" > build/t/TEST-C.xml",
                    "status=“odd”"
                ),
                ("head -c 70000000 /dev/zero > build/t/TEST-C.xml", "longer than 64 MiB"),
                ("rm -r build", "wrote no readable report"), ("rm -r build; ln -s /etc build", "report"),
            ] {
                let outcome = try await service.outcome(of: farm.commit(["run.sh": write + command + "\n"]))
                #expect(outcome.state == .failed)
                #expect(outcome.reason?.contains(words) == true, "\(command): \(outcome.reason ?? "")")
            }
        }
    }

    @Test func `what the commit brings is not read, and what is the tests' own is left to them`() async throws {
        try await deploying("**/*.xml") { farm, service in
            let files = [
                "data/feed.xml": "<feed/>", "out/TEST-forged.xml": Self.suite("forged"), "run.sh": "grep -q feed data/feed.xml\n",
            ]
            let none = try await service.outcome(of: farm.commit(files))
            #expect(none.reason?.contains("wrote no readable report") == true, "\(none)")
            let written = try await service.deployed(
                farm.commit(["run.sh": "grep -q feed data/feed.xml && echo \"\(Self.suite("real"))\" > out/TEST-real.xml\n"]))
            #expect(written.verdict?.passedCount == 1)
            // Written anew they are this run's: a report, which is root's by its name and was removed, and another file.
            let again = try await service.deployed(
                farm.commit([
                    "run.sh":
                        "test ! -e out/TEST-forged.xml && for f in out/TEST-forged.xml data/feed.xml; do echo \"\(Self.suite("real"))\" > $f; done\n"
                ]))
            #expect(again.verdict?.passedCount == 2)
        }
    }

    @Test func `a version that was tested before ids had suites is compared with in their former form`() async throws {
        try await deploying("report.xml") { farm, service in
            let tests = "<testcase classname='c' name='a'/><testcase classname='c' name='b'/>"
            func write(_ tests: String) -> [String: String?] { ["run.sh": "echo \"\(Self.suite("s", tests))\" > report.xml\n"] }
            let first = try await service.deployed(farm.commit(write(tests)))
            let statement = "UPDATE passed_tests SET form = 1, ids = ? WHERE deployment = \(first.id)"
            try run(
                "python3",
                [
                    "-c",
                    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2], (sys.argv[3].encode(),)); c.commit()",
                    farm.deployments + "/history.sqlite", statement, "[\"c::a\",\"c::b\"]",
                ]
            ).requireSuccess()
            let same = try await service.outcome(of: farm.commit(write("<testcase classname='c' name='a'/>")))
            #expect(same.verdict?.vanished == ["c::b"], "\(same)")
            let deployed = try await service.deployed(farm.commit(write(tests + "<testcase classname='c' name='b'/>")))
            #expect(deployed.verdict?.vanishedCount == 0)
            // From here on in whole: the second of that name counts.
            let fewer = try await service.outcome(of: farm.commit(write(tests + "<testcase classname='c' name='d'/>")))
            #expect(fewer.verdict?.vanished == ["s::c::b ×2"], "\(fewer)")
        }
    }

    @Test func `a baseline's report says what judges the next commit, though it was compared with before there was one`()
        async throws
    {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            farm.settings.tests.report = "report.xml"
            // Nothing but the report says that `area/money.py` holds tests.
            farm.settings.tests.command =
                "echo \"<testsuite><testcase classname='area.money' name='adds'/></testsuite>\" > report.xml"
            let baseline = try farm.commit(["area/money.py": "x = 1\n"])
            try writeFile(farm.settings.data.baseline, baseline.hex + "\n")
            let ready = farm
            try await withService(ready) { service in
                try await service.deployed(baseline)
                let changed = try await service.outcome(of: ready.commit(["area/money.py": "x = 2\n"]))
                #expect(changed.state == .awaitingApproval && changed.surface == ["M area/money.py"], "\(changed)")
            }
        }
    }
}
