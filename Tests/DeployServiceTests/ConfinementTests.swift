import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ConfinementTests {
    private func isAnythingLeft(of farm: Farm) throws -> Bool {
        try run("pgrep", ["-U", String(farm.uid)]).status.isSuccess
    }

    @Test func `what does not end in time is killed with all that it started`() async throws {
        try await configured { farm in
            farm.settings.tests.timeout = 2
            farm.settings.tests.command = "(setsid sleep 500 &); nohup sleep 500 & sleep 500"
        }.run { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["a": "1"]))
            #expect(outcome.state == .failed)
            #expect(outcome.reason?.contains("2 s") == true)
            try await eventually("no process is left") { try !isAnythingLeft(of: farm) }
        }
    }

    @Test func `daemons that tests leave end with the tests`() async throws {
        try await configured { $0.settings.tests.command = "setsid sleep 500 >/dev/null 2>&1 & sleep 0.2; true" }.run {
            farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await eventually("no process is left") { try !isAnythingLeft(of: farm) }
        }
    }

    @Test func `a fork bomb ends with the time-out`() async throws {
        try await configured { farm in
            farm.settings.tests.timeout = 3
            farm.settings.tests.command = "bomb() { bomb | bomb & }; for i in 1 2 3; do bomb; done; sleep 60"
        }.run { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["a": "1"]), seconds: 110)
            #expect(outcome.state == .failed)
            try await eventually("no process is left", within: 60) { try !isAnythingLeft(of: farm) }
            try await eventually("the status says so") { try service.status().current == nil }
        }
    }

    @Test func `tests that take more memory than they may fail for that reason`() async throws {
        try await configured { farm in
            farm.settings.tests.memory = .bytes(128 << 20)
            farm.settings.tests.command = "python3 -c 'b = bytearray(300 << 20)'"
        }.run { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["a": "1"]))
            #expect(outcome.state == .failed)
            #expect(
                outcome.reason?.contains("the memory limit of 128 MiB (AGENT_DEPLOY_TEST_MEMORY) was reached") == true, "\(outcome)"
            )
            #expect(try readFile(farm.deployments + "/logs/\(outcome.id).log").contains("the kernel ended one process"))
        }
    }

    @Test func `a report that is made to hold its reader up is a verdict, soon`() async throws {
        try await configured { farm in
            farm.settings.tests.report = "r.xml"
            farm.settings.tests.command = """
                python3 -c 'open("r.xml", "w").write("<testsuite>" + "<error>" * 30000 + "</error>" * 30000 + "</testsuite>")'
                """
        }.run { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["a": "1"]))
            #expect(
                outcome.reason?.contains("the report is not one that can be read: r.xml is nested deeper than 1000 elements")
                    == true, "\(outcome)")
        }
    }

    @Test func `tests read what the admin names and what runtimes keep in etc, and nothing that is hidden there`() async throws {
        try await configured { farm in
            let model = farm.root + "/model"
            try shell(
                "mkdir -p \(model)/sub && cd \(model) && echo weights > sub/w && echo SECRET > sub/.env && mkfifo door && mkdir keys && echo k > keys/k && chmod -R a+rX ."
            )
            .requireSuccess()
            farm.settings.tests.read = [model]
            farm.settings.hide = ["**/.env", model + "/keys", "/etc/shadow*"]
            farm.settings.agentName = "somebody"
            farm.settings.tests.command = """
                set -x; test "$USER" = somebody && cat \(model)/sub/w && test -d /etc/apt && test -d /sys/devices/system/cpu || exit 3
                ! cat \(model)/sub/.env && ! cat \(model)/keys/k && ! test -p \(model)/door && ! cat /etc/shadow || exit 4
                ! touch \(model)/new && ! touch /etc/new && touch /var/tmp/new || exit 5
                test -n "$PINFOLD_COMMIT" && ! git describe
                """
        }.run { farm, service in
            let deployed = try await service.deployed(farm.commit(["a": "1"]))
            #expect(try readFile(farm.deployments + "/logs/\(deployed.id).log").contains("git found no repository"))
        }
    }

    @Test func `tests that are to read what is not there fail with its name`() async throws {
        try await configured { $0.settings.tests.read = ["/no/such/model"] }.run { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["a": "1"]))
            #expect(outcome.reason?.contains("AGENT_DEPLOY_TEST_READ: /no/such/model does not exist") == true, "\(outcome)")
        }
    }

    @Test func `gigabytes of output are cut, with the beginning and the end kept`() async throws {
        try await configured {
            $0.settings.tests.command = "echo begin; head -c 300000000 /dev/zero | tr '\\0' x; echo; echo end; exit 3"
        }.run { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["a": "1"]))
            #expect(outcome.verdict?.reason?.contains("exit code 3") == true)
            let size = try #require(status(farm.deployments + "/logs/\(outcome.id).log")).st_size
            #expect(size < 3 << 20)
            let log = try readFile(farm.deployments + "/logs/\(outcome.id).log")
            #expect(log.contains("begin\n") && log.contains("end\n") && log.contains("left out"))
        }
    }

    @Test func `tests cannot write outside, and their writes inside are thrown away`() async throws {
        try await configured { farm in
            farm.settings.tests.command = """
                touch /etc/hacked 2>/dev/null && exit 1; touch '\(farm.root)/agent-data/deployments/status.json' 2>/dev/null && exit 2
                ls '\(farm.root)/agent-data/deployments/admin' 2>/dev/null && exit 3; echo changed > a; echo x > left; id -u
                """
        }.run { farm, service in
            let deployed = try await service.deployed(farm.commit(["a": "1"]))
            #expect(try farm.deployed("a") == "1")
            #expect(!exists(farm.settings.versions.target + "/left"))
            #expect(try readFile(farm.deployments + "/logs/\(deployed.id).log").contains("\n\(farm.uid)\n"))
            #expect(!exists("/etc/hacked"))
        }
    }

    @Test func `a report that the commit brought along, or none, is no pass`() async throws {
        try await configured { farm in
            farm.settings.tests.report = "report.xml"
            farm.settings.tests.command = "sh ./run.sh"
        }.run { farm, service in
            let pass = "<testsuite><testcase name='a'/><testcase name='b'/></testsuite>"
            let first = try await service.deployed(farm.commit(["run.sh": "echo \"\(pass)\" > report.xml\n", "m": "1"]))
            #expect(first.verdict?.passedCount == 2)

            let forged = try await service.outcome(of: farm.commit(["run.sh": "exit 0\n", "report.xml": pass]))
            #expect(forged.state == .failed)
            #expect(forged.reason?.contains("no readable report") == true)

            let fewer = try await service.outcome(
                of: farm.commit([
                    "run.sh": "echo \"<testsuite><testcase name='a'/></testsuite>\" > report.xml\n", "report.xml": nil,
                ]))
            // The test command names the script.
            #expect(fewer.surface == ["M run.sh"])
            #expect(fewer.state == .awaitingApproval)
            #expect(fewer.approvalReasons == [.testSurface, .testsVanished])
            #expect(fewer.verdict?.vanished == ["b"])

            let linked = try await service.outcome(of: farm.commit(["run.sh": "ln -s /etc/passwd report.xml\n"]))
            #expect(linked.state == .failed)
        }
    }

    @Test func `a test that is gone by a change of code alone goes before a human`() async throws {
        try await configured { farm in
            farm.settings.tests.report = "report.xml"
            farm.settings.tests.command = "cat in* > report.xml"
        }.run { farm, service in
            try await service.deployed(
                farm.commit(["in.xml": "<testsuite><testcase name='p[a]'/><testcase name='p[b]'/></testsuite>"]))
            let fewer = try await service.outcome(of: farm.commit(["in.xml": "<testsuite><testcase name='p[a]'/></testsuite>"]))
            #expect(fewer.surface.isEmpty)
            #expect(fewer.approvalReasons == [.testsVanished])
            _ = try await service.approve(fewer.commit.hex, by: admin)
            try await service.deployed(fewer.commit)
        }
    }

    @Test func `a test that is gone fails where no human is asked`() async throws {
        try await configured { farm in
            farm.settings.judge.requiresApproval = false
            farm.settings.tests.report = "report.xml"
            farm.settings.tests.command = "cat in* > report.xml"
        }.run { farm, service in
            try await service.deployed(
                farm.commit(["in.xml": "<testsuite><testcase name='p[a]'/><testcase name='p[b]'/></testsuite>"]))
            let fewer = try await service.outcome(of: farm.commit(["in.xml": "<testsuite><testcase name='p[a]'/></testsuite>"]))
            #expect(fewer.state == .failed)
            #expect(fewer.reason?.contains("p[b]") == true)
        }
    }

    @Test func `Python's tests are found and speak for themselves one by one`() async throws {
        try await configured { $0.settings.tests.command = nil }.run { farm, service in
            let tests = """
                import unittest
                import app
                class AppTests(unittest.TestCase):
                    def test_value(self):
                        self.assertEqual(app.value(), 1)
                """
            let first = try await service.deployed(farm.commit(["app.py": "def value(): return 1\n", "test_app.py": tests]))
            #expect(first.verdict?.basis == .report)
            #expect(first.verdict?.passedCount == 1)
            let wrong = try await service.outcome(of: farm.commit(["app.py": "def value(): return 2\n"]))
            #expect(wrong.state == .failed)
            let early = try await service.outcome(of: farm.commit(["app.py": "import os\nos._exit(0)\n"]))
            #expect(early.state == .failed)
            #expect(early.reason?.contains("the runner has not come to its end") == true)
        }
    }

    @Test func `the build's output is published with the release, and checked before`() async throws {
        try await configured { $0.settings.build.command = "sh ./build.sh" }.run { farm, service in
            try await service.deployed(
                farm.commit(["build.sh": "mkdir dist; cp source dist/out; chmod 4755 dist/out; chmod 755 dist/out", "source": "1"]))
            #expect(try farm.deployed("dist/out") == "1")
            #expect(try #require(status(farm.settings.versions.target + "/dist/out")).st_uid == 0)
            for (script, words) in [
                ("echo 2 > source", "it changes source"), ("ln -s /etc/passwd out", "leads out"), ("mkfifo pipe", "FIFO"),
                ("exit 4", "exit code 4"),
            ] {
                let outcome = try await service.outcome(of: farm.commit(["build.sh": script]))
                #expect(outcome.state == .failed)
                #expect(outcome.reason?.contains(words) == true, "\(outcome.reason ?? "")")
            }
            #expect(try farm.deployed("dist/out") == "1")
        }
    }
}
