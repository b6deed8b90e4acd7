import CLinux
import DeployModel
import DeployService
import LinuxSystem
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct DaemonTests {
    @Test func `a signal to stop ends it, at whichever moment of its start it comes`() throws {
        try withTemporaryDirectory { root in
            let farm = try Farm(root)
            _ = try farm.commit(["a": "1"])
            for milliseconds in stride(from: UInt32(0), to: 400, by: 20) {
                let daemon = try ChildProcess(
                    .init(
                        Executables.deployd, ["--config", emptyConfiguration(in: root)],
                        environment: mergedEnvironment([
                            "AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
                            "AGENT_DEPLOY_TEST_COMMAND": "true",
                        ]), workingDirectory: root, descriptors: [1: 2, 2: 2]))
                usleep(milliseconds * 1000)
                try daemon.signal(SIGTERM)
                let ends = try daemon.ends(withinMilliseconds: 15_000)
                #expect(ends, "after \(milliseconds) ms")
                if !ends { try daemon.signal(SIGKILL) }
                _ = try daemon.wait()
            }
        }
    }

    @Test func `wrong usage and no rights are one line and exit code 2`() throws {
        for (words, user, hint) in [
            (["--frobnicate"], nil, "see 'pinfold deployd -- --help'"), ([], (uid: 4711, gid: 4711), "run it with sudo"),
        ] as [([String], (uid: UInt32, gid: UInt32)?, String)] {
            let ended = try run(Executables.deployd, words, user: user)
            #expect(ended.status == .exited(2) && ended.output.isEmpty, "\(ended)")
            #expect(ended.errors.contains(hint) && ended.errors.filter { $0 == "\n" }.count == 1, "\(ended)")
        }
    }

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

    @Test func `a data root that is not set up is not served, and nothing is made in it`() throws {
        try withTemporaryDirectory { root in
            try makeDirectories(root + "/agent-data/code-repo")
            let ended = try run(
                Executables.deployd, ["--config", emptyConfiguration(in: root)],
                environment: ["AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "54321:54321"])
            #expect(ended.status == .exited(2) && ended.errors.contains("run 'pinfold init' first"), "\(ended)")
            #expect(try run("ls", [root + "/agent-data"]).output == "code-repo\n")
        }
    }

    @Test func `a daemon is reached though its configuration has gone wrong, and goes on after a crash, with nothing new started`()
        async throws
    {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let file = root + "/pinfold.env"
            let right = """
                AGENT_DATA_ROOT=\(root)/agent-data
                AGENT_USER=\(farm.uid):\(farm.uid)
                AGENT_DEPLOY_TEST_COMMAND="test ! -e broken # \\"quotes\\" and \\$signs"

                """
            try writeFile(file, right)
            func start() throws -> ChildProcess {
                try ChildProcess(
                    .init(
                        Executables.deployd, ["--config", file], environment: mergedEnvironment([:]), workingDirectory: "/",
                        descriptors: [1: 2, 2: 2]))
            }
            func pinfold(_ arguments: String...) throws -> Finished {
                try run(Executables.pinfold, arguments + ["--config", file], workingDirectory: "/")
            }
            let first = try farm.commit(["a": "1"])
            let daemon = try start()
            try await eventually("the first commit is deployed", within: 60) {
                (try? pinfold("status", "--json").output.contains("\"last_known_good\" : {\n    \"commit\" : \"\(first)\"")) == true
            }
            // One wrong line of each kind: a word too much, a value, no line at all, the data root itself.
            let wrongs = [
                right + "AGENT_DEPLOY_KEPT=3\n", right + "AGENT_DEPLOY_KEEP=many\n", right + "nonsense\n",
                right.replacing("\(root)/agent-data", with: "~/agent-data"),
                right.replacing("\(root)/agent-data", with: "\(root)/agnet-data"),
            ]
            for wrong in wrongs {
                try writeFile(file, wrong)
                let status = try pinfold("status")
                #expect(status.status == .exited(0) && status.output.contains(first.short), "\(status)")
                #expect(status.errors.hasPrefix("pinfold: warning: ") && status.errors.contains("\(root)/agent-data"), "\(status)")
                for command in [["hold", "--reason", "wait"], ["resume"]] {
                    let finished = try run(Executables.pinfold, command + ["--config", file], workingDirectory: "/")
                    #expect(finished.status == .exited(0), "\(finished)")
                }
                // Asked, it answers: there is no earlier version.
                let back = try pinfold("rollback")
                #expect(back.status == .exited(1) && back.errors.contains("no earlier good version"), "\(back)")
                // Nothing is started with it.
                #expect(try pinfold("mount").status == .exited(2))
            }
            // What is typed wrong now is this command's own.
            #expect(try pinfold("status", "--set", "AGENT_DEPLOY_KEEP=many").status == .exited(2))

            try writeFile(file, wrongs[1])
            try daemon.signal(SIGKILL)
            _ = try daemon.wait()
            let second = try start()
            try await eventually("it answers again", within: 60) {
                (try? pinfold("status").output.contains("nothing new is deployed: AGENT_DEPLOY_KEEP")) == true
            }
            let new = try farm.commit(["a": "2"])
            try await eventually("the commit is recorded", within: 60) { try pinfold("history").output.contains(new.short) }
            let deploy = try pinfold("deploy")
            #expect(deploy.status == .exited(1) && deploy.errors.contains("AGENT_DEPLOY_KEEP"), "\(deploy)")
            #expect(try farm.deployed("a") == "1")
            try second.signal(SIGTERM)
            #expect(try second.wait() == .exited(0))
            // It ended in order: there is nothing to go on with.
            let third = try start()
            #expect(try third.wait() == .exited(2))
            #expect(try pinfold("status").status == .exited(2))

            try writeFile(file, right)
            let fourth = try start()
            try await eventually("the new commit is deployed", within: 60) { (try? farm.deployed("a")) == "2" }
            try fourth.signal(SIGTERM)
            #expect(try fourth.wait() == .exited(0))
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
