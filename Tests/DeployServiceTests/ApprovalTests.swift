import AdminInterface
import CLinux
import DataRoot
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ApprovalTests {
    private static let flag = "/human_approval_required.flag"

    /// A deployed commit with a test, and a commit that changes it.
    private func waiting(_ farm: Farm, _ service: DeployService) async throws -> Deployment {
        try await service.deployed(farm.commit(["a": "1", "tests/test_a.py": "assert True\n"]))
        return try await service.outcome(of: farm.commit(["a": "2", "tests/test_a.py": "pass\n"]))
    }

    @Test func `a change of a test waits, and deploys once a human agrees`() async throws {
        try await withFarm { farm, service in
            let waiting = try await waiting(farm, service)
            #expect(waiting.state == .awaitingApproval)
            #expect(waiting.approvalReasons == [.testSurface])
            #expect(waiting.surface == ["M tests/test_a.py"])
            #expect(waiting.verdictWithDeployedSurface?.passed == true)
            #expect(try farm.deployed("a") == "1")
            try await eventually("the flag file") { exists(farm.deployments + Self.flag) }
            let text = try readFile(farm.deployments + Self.flag)
            #expect(text.contains(waiting.commit.hex) && text.contains("tests/test_a.py") && text.contains("pinfold approve"))
            try await eventually("the status says so") { try service.status().waiting?.commit == waiting.commit }

            let answered = try await service.approve(waiting.commit.short, by: admin)
            #expect(answered.id == waiting.id)
            let deployed = try await service.deployed(waiting.commit)
            #expect(deployed.approval?.by == "root (uid 0)")
            #expect(deployed.approval?.used != nil)
            #expect(try farm.deployed("a") == "2")
            try await eventually("the flag is gone") { !exists(farm.deployments + Self.flag) }
            // Everybody on the machine may read the file.
            let shown = try readFile(farm.deployments + "/status.json")
            #expect(shown.contains("\"by\" : \"a human\"") && !shown.contains("(uid 0)"), "\(shown)")
        }
    }

    @Test func `a change is shown with as many lines around as are asked for`() async throws {
        try await withFarm { farm, service in
            let lines = (1...40).map { "line \($0)\n" }
            try await service.deployed(farm.commit(["a": lines.joined()]))
            let second = try await service.deployed(farm.commit(["a": lines.joined().replacing("line 20\n", with: "other\n")]))
            for (context, around) in [(0, 0), (3, 6), (1000, 39)] {
                let text = String(decoding: try await service.diff(second.id, context: context), as: UTF8.self)
                #expect(text.split(separator: "\n").count { $0.hasPrefix(" line") } == around, "\(context): \(text)")
            }
        }
    }

    @Test func `removing the flag approves nothing`() async throws {
        try await withFarm { farm, service in
            let waiting = try await waiting(farm, service)
            try await eventually("the flag file") { exists(farm.deployments + Self.flag) }
            unsafe unlink(farm.deployments + Self.flag)
            // Anything that wakes the loop.
            _ = try await service.hold(reason: "look", by: admin)
            try await service.resume(by: admin)
            try await eventually("it is written again") { exists(farm.deployments + Self.flag) }
            #expect(try service.show(waiting.id).state == .awaitingApproval)
            #expect(try farm.deployed("a") == "1")
        }
    }

    @Test func `what is rejected is not deployed, and the reason is kept`() async throws {
        try await withFarm { farm, service in
            let waiting = try await waiting(farm, service)
            let rejected = try await service.reject(waiting.commit.hex, reason: "no", by: admin)
            #expect(rejected.state == .rejected)
            #expect(rejected.reason == "root: no")
            #expect(try farm.deployed("a") == "1")
            await #expect(throws: DeployError.self) { _ = try await service.approve(waiting.commit.hex, by: admin) }
        }
    }

    @Test func `an approval is void when a newer commit arrives, and none is for another commit`() async throws {
        try await withFarm { farm, service in
            let first = try await waiting(farm, service)
            let second = try await service.outcome(of: farm.commit(["a": "3"]))
            #expect(try service.show(first.id).state == .superseded)
            // Split over two commits, the change to the test is still seen.
            #expect(second.state == .awaitingApproval)
            #expect(second.surface == ["M tests/test_a.py"])
            await #expect(throws: DeployError.self) { _ = try await service.approve(first.commit.hex, by: admin) }
            _ = try await service.approve(second.commit.hex, by: admin)
            try await service.deployed(second.commit)
            #expect(try farm.deployed("a") == "3")
        }
    }

    @Test func `a rewritten history waits for a human`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            try farm.agent("git reset -q --hard HEAD~1 && echo 3 > a && git commit -qam other")
            let other = try await service.outcome(of: farm.head())
            #expect(other.state == .awaitingApproval)
            #expect(other.approvalReasons == [.historyRewritten])
        }
    }

    @Test func `without the setting changes of tests deploy unseen, and the status says so`() async throws {
        try await configured { $0.settings.judge.requiresApproval = false }.run { farm, service in
            try await service.deployed(farm.commit(["tests/test_a.py": "1"]))
            try await service.deployed(farm.commit(["tests/test_a.py": "2"]))
            #expect(try service.status().rules.contains { $0.contains("AGENT_REQUIRE_HUMAN_APPROVAL_FOR_TEST_CHANGES=false") })
        }
    }

    @Test func `without tests commits deploy untested, and the status says so`() async throws {
        try await configured { $0.settings.tests.required = false }.run { farm, service in
            let deployed = try await service.deployed(farm.commit(["broken": ""]))
            #expect(deployed.verdict?.basis == TestVerdict.Basis.none)
            #expect(try service.status().rules.contains { $0.contains("AGENT_DEPLOY_REQUIRE_TESTS=false") })
        }
    }

    @Test func `force of the admin skips the wait and is on record`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["tests/test_a.py": "1"]))
            try farm.agent("echo 2 > tests/test_a.py")
            let started = try await service.deploy(DeployActionRequest(commitMessage: "by force", forceDeploy: true), by: admin)
            let deployed = try await service.deployed(started.commit)
            #expect(deployed.forcedBy == "root (uid 0)")
        }
    }

    @Test func `nothing starts while there is a hold`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let hold = try await service.hold(reason: "holidays", by: admin)
            #expect(try service.status().hold == hold)
            let commit = try farm.commit(["a": "2"])
            try await eventually("it is recorded") { try service.history(limit: 1).first?.commit == commit }
            // Each is answered in a turn of the loop, whose rest is done before the next: one turn at least has looked for what to begin.
            for reason in ["still", "longer"] { _ = try await service.hold(reason: reason, by: admin) }
            #expect(try service.history(limit: 1).first?.state == .detected)
            try await service.resume(by: admin)
            try await service.deployed(commit)
        }
    }

    @Test func `a baseline that is there and says nothing is no agreement, and one that is missing is`() async throws {
        for (text, state) in [("no commit\n", DeploymentState.awaitingApproval), ("", .awaitingApproval), (nil, .deployed)] {
            try await withFarm { farm, service in
                if let text { try writeFile(farm.settings.data.baseline, text) }
                let first = try await service.outcome(of: farm.commit(["a": "1"]))
                #expect(first.state == state)
                #expect(first.approvalReasons == (text == nil ? [] : [.baselineUnreadable]))
            }
        }
    }

    @Test func `new code that could reach for the verdict waits, with its lines, and is agreed to once`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a.py": "x = 1\n"]))
            let honest = try await service.deployed(farm.commit(["a.py": "x = 2\n"]))
            #expect(honest.hints == nil)
            let reaching = try await service.outcome(of: farm.commit(["a.py": "x = 2\nimport os\nos._exit(0)\n"]))
            #expect(reaching.state == .awaitingApproval)
            #expect(reaching.approvalReasons == [.hints])
            #expect(reaching.hints?.listed.map(\.line) == [3])
            try await eventually("the flag file") { exists(farm.deployments + Self.flag) }
            #expect(try readFile(farm.deployments + Self.flag).contains("os._exit(0)"))
            _ = try await service.approve(reaching.commit.hex, by: admin)
            try await service.deployed(reaching.commit)
            // What was agreed to is not asked for again.
            let next = try await service.deployed(farm.commit(["a.py": "x = 3\nimport os\nos._exit(0)\n"]))
            #expect(next.hints == nil)
        }
    }

    @Test func `code that is too large to be looked through waits too`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a.py": "x = 1\n"]))
            let large = try await service.outcome(of: farm.commit(["a.py": String(repeating: "x = 1\n", count: 200_000)]))
            #expect(large.approvalReasons == [.hints])
            #expect(large.hints?.unread == ["a.py"])
        }
    }

    @Test func `what the deployed tests use waits, and is laid over the candidate with them`() async throws {
        try await configured { $0.settings.tests.command = "sh ./ops/verify" }.run { farm, service in
            try await service.deployed(
                farm.commit([
                    "ops/verify": "grep -q 1 wanted/sum && grep -q 1 a\n", "tests/test_a.py": "open('wanted/sum')\n",
                    "wanted/sum": "1\n",
                    "a": "1\n",
                ]))
            let data = try await service.outcome(of: farm.commit(["wanted/sum": "1 or 2\n", "a": "1 or 2\n"]))
            #expect(data.approvalReasons == [.testSurface])
            #expect(data.surface == ["M wanted/sum"])
            #expect(data.verdictWithDeployedSurface?.passed == true)
            let script = try await service.outcome(of: farm.commit(["ops/verify": "exit 0\n", "wanted/sum": "1\n", "a": "2\n"]))
            #expect(script.surface == ["M ops/verify"])
            #expect(script.verdictWithDeployedSurface?.passed == false)
            #expect(try await service.surface(of: "ops/verify").reason == TestSurface.Reason.fact(.namedByCommand).sentence)
            #expect(try await service.surface(of: "a").reason == nil)
        }
    }
}
