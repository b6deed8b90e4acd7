import CLinux
import DeployModel
import DeployService
import LinuxSystem
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct DaemonTests {
    @Test func `the design's example configuration alone is enough`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let commit = try farm.commit([
                "app.py": "x = 1\n",
                "test_app.py": "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        import app\n",
            ])
            let daemon = try ChildProcess(
                .init(
                    Executables.deployd, ["--config", emptyConfiguration(in: root)],
                    environment: mergedEnvironment([
                        "AGENT_DATA_ROOT": "./agent-data", "AGENT_CODE_REPO_PATH": "${AGENT_DATA_ROOT}/code-repo",
                        "AGENT_SANDBOX_PATH": "${AGENT_DATA_ROOT}/sandbox", "AGENT_GIT_USER_NAME": "Agent",
                        "AGENT_GIT_USER_EMAIL": "agent@localhost", "AGENT_DEPLOY_REQUIRE_TESTS": "true",
                        "AGENT_DEPLOY_TEST_TIMEOUT": "300",
                        "AGENT_REQUIRE_HUMAN_APPROVAL_FOR_TEST_CHANGES": "true",
                        // The set-up makes the user `pinfold-agent`, which this machine may not have.
                        "AGENT_USER": "\(farm.uid):\(farm.uid)",
                    ]), workingDirectory: root, descriptors: [1: 2, 2: 2]))
            try await eventually("the commit is deployed", within: 60) {
                guard let status = try? readFile(farm.deployments + "/status.json") else { return false }
                return status.contains("\"deployed\" : {") && status.contains(commit.hex)
            }
            #expect(try farm.deployed("app.py") == "x = 1\n")
            try daemon.signal(SIGTERM)
            #expect(try daemon.wait() == .exited(0))
        }
    }

    @Test(arguments: [["AGENT_USER": "root"], ["AGENT_DEPLOY_KEEP": "many"], ["AGENT_UNKNOWN": "1"]])
    func `a wrong setting is exit code 2 and nothing is started`(_ setting: [String: String]) throws {
        try withTemporaryDirectory { root in
            let ended = try run(
                Executables.deployd, ["--config", emptyConfiguration(in: root)],
                environment: ["AGENT_DATA_ROOT": root + "/agent-data"].merging(setting) { $1 })
            #expect(ended.status == .exited(2))
            #expect(!exists(root + "/agent-data/deployments"))
        }
    }

    @Test func `whoever waits for a revision that this daemon has never given is answered at once`() async throws {
        // As a client does that waited when the daemon was started again and the clock had gone back meanwhile.
        try await withFarm { _, service in
            #expect(await service.change(after: .max, withinMilliseconds: 3_600_000) < .max)
        }
    }

    @Test func `a second daemon on one data root ends with a clear error, and the first is unharmed`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let place = [
                "AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
                "AGENT_DEPLOY_TEST_COMMAND": "true",
            ]
            let options = ["--config", try emptyConfiguration(in: root)]
            let first = try ChildProcess(
                .init(
                    Executables.deployd, options, environment: mergedEnvironment(place), workingDirectory: "/",
                    descriptors: [1: 2, 2: 2]))
            func deploys(_ commit: CommitID) async throws {
                try await eventually("\(commit.short) is deployed", within: 60) {
                    (try? readFile(farm.deployments + "/status.json"))?.contains(
                        "\"last_known_good\" : {\n    \"commit\" : \"\(commit)\"") == true
                }
            }
            try await deploys(farm.commit(["a": "1"]))
            let second = try run(Executables.deployd, options, environment: place)
            #expect(second.status == .exited(1))
            #expect(second.errors.contains("another pinfold-deployd serves \(farm.deployments)"), "\(second.errors)")
            #expect(exists(farm.deployments + "/admin/admin.sock"))
            try await deploys(farm.commit(["a": "2"]))
            try first.signal(SIGTERM)
            #expect(try first.wait() == .exited(0))
        }
    }

    @Test(arguments: [SIGTERM, SIGHUP], ["/", "@"])
    func `a service manager is told when it is ready and when it stops, and no program that it starts is asked to`(
        _ signal: Int32, _ kind: String
    ) async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let manager = try Manager(in: root, abstract: kind == "@")
            let daemon = try ChildProcess(
                .init(
                    Executables.deployd, ["--config", emptyConfiguration(in: root)],
                    environment: mergedEnvironment([
                        "AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
                        "AGENT_DEPLOY_TEST_COMMAND": "true",
                        "AGENT_DEPLOY_RELOAD_COMMAND": "echo \"${NOTIFY_SOCKET:-none}\" > '\(root)/told'",
                        "NOTIFY_SOCKET": manager.address,
                    ]), workingDirectory: "/", descriptors: [1: 2, 2: 2]))
            try await eventually("it is ready") { try manager.heard == ["READY=1"] }
            // What it said is so.
            #expect(exists(farm.deployments + "/admin/admin.sock") && exists(farm.deployments + "/agent/deploy.sock"))
            _ = try farm.commit(["a": "1"])
            try await eventually("a command of the admin has run") { (try? readFile(root + "/told")) == "none\n" }
            try daemon.signal(signal)
            #expect(try daemon.wait() == .exited(0))
            try await eventually("it said that it stops") { try manager.heard == ["READY=1", "STOPPING=1"] }
        }
    }
}
