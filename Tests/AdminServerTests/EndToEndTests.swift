import CLinux
import DeployModel
import FoundationEssentials
import LinuxSystem
import TestSupport
import Testing

/// The commands against the daemon that they are made for: git, tests, releases and sockets are real.
@Suite(.serialized, .timeLimit(.minutes(10))) struct EndToEndTests {
    /// A data root with an agent's repository, and a daemon that serves it.
    private struct Place: Sendable {
        let root: String
        /// Nobody else's, so that limits counted by user are this test's alone.
        let uid = 500_000 + UInt32(getpid()) % 100_000

        var codeRepo: String { root + "/code-repo" }
        var current: String { root + "/deployments/current" }

        init(_ root: String) throws {
            self.root = root
            try makeDirectories(codeRepo)
            try makeDirectories(root + "/deployments")
            try run("chown", ["\(uid):\(uid)", codeRepo]).requireSuccess()
            try agent("git init -q -b main && echo 1 > version && git add -A && git commit -q -m first")
            // The agent runs a copy: the build directory need not be open to its user.
            try run("cp", [Executables.pinfold, root + "/pinfold"]).requireSuccess()
        }

        private var environment: [String: String] {
            [
                "AGENT_DATA_ROOT": root, "AGENT_USER": "\(uid):\(uid)", "AGENT_DEPLOY_TEST_COMMAND": "test ! -e broken",
                "AGENT_DEPLOY_TEST_TIMEOUT": "60", "HOME": "/nonexistent",
            ]
        }

        @discardableResult
        func agent(_ script: String) throws -> String {
            try shell(script, environment: ["HOME": "/nonexistent"], workingDirectory: codeRepo, user: (uid, uid)).requireSuccess()
        }

        func pinfold(_ arguments: String..., asAgent: Bool = false) throws -> Finished {
            try run(
                asAgent ? root + "/pinfold" : Executables.pinfold, arguments, environment: environment, workingDirectory: "/",
                user: asAgent ? (uid, uid) : nil, seconds: 120)
        }

        func startDaemon() throws -> ChildProcess {
            let log = Descriptor(
                owning: try check { unsafe pinfold_open(root + "/daemon.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) })
            let daemon = try ChildProcess(
                .init(
                    Executables.deployd, environment: mergedEnvironment(environment), workingDirectory: "/",
                    descriptors: [1: log.rawValue, 2: log.rawValue]))
            for _ in 0..<600 {
                // Its first answer: before that there may be a socket, or none.
                if try pinfold("status").status.isSuccess { return daemon }
                if try daemon.ends(withinMilliseconds: 100) { break }
            }
            throw TestFailure("the daemon does not answer: \((try? readFile(root + "/daemon.log")) ?? "")")
        }

        func status() throws -> StatusDocument {
            try DeployJSON.decode(StatusDocument.self, from: Data(try pinfold("status", "--json").requireSuccess().utf8))
        }

        func output(_ finished: Finished) throws -> DeployAgentCodeOutput {
            do {
                return try DeployJSON.decode(DeployAgentCodeOutput.self, from: Data(finished.output.utf8))
            } catch {
                throw TestFailure("\(finished)\n\((try? readFile(root + "/daemon.log")) ?? "")")
            }
        }

        func deployedVersion() throws -> String { try readFile(current + "/version") }
    }

    private func withDaemon(_ body: @escaping @Sendable (Place) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await onThread {
                let place = try Place(directory)
                let daemon = try place.startDaemon()
                try body(place)
                try daemon.signal(SIGTERM)
                #expect(try daemon.wait() == .exited(0))
                #expect(!exists(directory + "/deployments/admin/admin.sock"))
                #expect(try place.pinfold("status").status == .exited(4))
            }
        }
    }

    @Test func `the agent's change is committed, tested and deployed, and a breaking one is not`() async throws {
        try await withDaemon { place in
            try place.agent("echo 2 > version")
            let deployed = try place.pinfold("deploy", "--message", "Second", "--json", asAgent: true)
            let output = try place.output(deployed)
            #expect(deployed.status == .exited(0), "\(deployed)")
            #expect(output.success && output.deployed && output.testsPassed && !output.humanApprovalRequired)
            let head = try place.agent("git rev-parse HEAD")
            #expect(output.commitHash + "\n" == head)
            #expect(try place.agent("git log -1 --format='%an <%ae> %s'") == "Agent <agent@localhost> Second\n")
            #expect(try place.deployedVersion() == "2\n")

            try place.agent("echo 3 > version; touch broken")
            let broken = try place.pinfold("deploy", "--message", "Third", "--json")
            #expect(broken.status == .exited(1), "\(broken)")
            #expect(try !place.output(broken).testsPassed)
            #expect(try place.deployedVersion() == "2\n")
            let shown = try place.pinfold("show", String(try place.output(broken).commitHash.prefix(12)))
            #expect(shown.output.contains("failed (test)"), "\(shown)")
            #expect(try place.pinfold("history").output.contains("Third"))
            #expect(try place.pinfold("diff", "1").status == .exited(0))
            #expect(try place.pinfold("logs", "1").status == .exited(0))
        }
    }

    @Test func `a daemon that has done its work comes to rest, and nothing wakes it`() async throws {
        try await withTemporaryDirectory { directory in
            try await onThread {
                let place = try Place(directory)
                let daemon = try place.startDaemon()
                // A client that waits has a timer, which ends with the waiting.
                #expect(try place.output(try place.pinfold("deploy", "-m", "first", "--json", asAgent: true)).deployed)
                // How often each of its threads has run. A timer of a second or less would be among any two and a half.
                let pid = daemon.pid
                let runs = { try shell("grep ctxt_switches /proc/\(pid)/task/*/status").output }
                var before = try runs()
                var isQuiet = false
                let deadline = ContinuousClock.now + .seconds(60)
                while !isQuiet, ContinuousClock.now < deadline {
                    pause(milliseconds: 2500)
                    let now = try runs()
                    isQuiet = now == before
                    before = now
                }
                #expect(isQuiet, "\(before)")
                try daemon.signal(SIGTERM)
                #expect(try daemon.wait() == .exited(0))
            }
        }
    }

    @Test func `a change of a test waits for the admin, whom the agent cannot stand in for`() async throws {
        try await withDaemon { place in
            #expect(try place.output(try place.pinfold("deploy", "-m", "first", "--json")).deployed)
            try place.agent("mkdir tests; echo > tests/test_a.py; echo 2 > version")
            let forced = try place.pinfold("deploy", "-m", "Weaken", "--force", asAgent: true)
            #expect(forced.status == .exited(1), "\(forced)")
            #expect(forced.errors.contains("admin's alone"), "\(forced)")
            #expect(try place.agent("git log -1 --format=%s") == "first\n")
            #expect(try place.pinfold("history", "--events").output.contains("force"))

            let waiting = try place.pinfold("deploy", "-m", "Weaken", "--json", asAgent: true)
            let output = try place.output(waiting)
            #expect(waiting.status == .exited(3), "\(waiting)")
            #expect(output.humanApprovalRequired && !output.deployed)
            let status = try place.pinfold("status")
            #expect(status.output.contains("pinfold approve \(output.commitHash)"), "\(status)")
            #expect(try place.pinfold("approve", output.commitHash, asAgent: true).status == .exited(1))
            #expect(try place.deployedVersion() == "1\n")

            #expect(try place.pinfold("approve", String(repeating: "0", count: 40)).status == .exited(1))
            let approved = try place.pinfold("approve", String(output.commitHash.prefix(12)))
            #expect(approved.status == .exited(0), "\(approved)")
            for _ in 0..<600 {
                if try place.status().deployed?.commit.hex == output.commitHash { break }
                usleep(100_000)
            }
            #expect(try place.deployedVersion() == "2\n")
        }
    }

    @Test func `a rollback goes back, keeps the commit away until it is lifted, and a hold stops what comes`() async throws {
        try await withDaemon { place in
            #expect(try place.output(try place.pinfold("deploy", "-m", "first", "--json")).deployed)
            try place.agent("echo 2 > version")
            let second = try place.output(try place.pinfold("deploy", "-m", "Second", "--json"))
            #expect(second.deployed)
            let back = try place.pinfold("rollback")
            #expect(back.status == .exited(0), "\(back)")
            #expect(try place.deployedVersion() == "1\n")
            #expect(try place.status().quarantine.map(\.commit.hex) == [second.commitHash])
            #expect(try place.pinfold("lift", String(second.commitHash.prefix(12))).status == .exited(0))
            #expect(try place.status().quarantine.isEmpty)

            #expect(try place.pinfold("hold", "--reason", "a holiday").status == .exited(0))
            try place.agent("echo 3 > version")
            let held = try place.pinfold("deploy", "-m", "Third", asAgent: true)
            #expect(held.status == .exited(3), "\(held)")
            #expect(held.errors.contains("a holiday"), "\(held)")
            #expect(try place.pinfold("status").output.contains("a holiday"))
            #expect(try place.pinfold("resume").status == .exited(0))
            for _ in 0..<600 where try place.deployedVersion() != "3\n" { usleep(100_000) }
            #expect(try place.deployedVersion() == "3\n")
        }
    }

    @Test func `a daemon that was killed leaves its sockets to the next one`() async throws {
        try await withTemporaryDirectory { directory in
            try await onThread {
                let place = try Place(directory)
                let first = try place.startDaemon()
                try first.signal(SIGKILL)
                _ = try first.wait()
                let dead = try place.pinfold("status")
                #expect(dead.status == .exited(4), "\(dead)")
                #expect(dead.errors.contains("not running"), "\(dead)")
                #expect(try place.pinfold("deploy", "-m", "m", asAgent: true).status == .exited(4))
                let second = try place.startDaemon()
                #expect(try place.pinfold("status", asAgent: true).status == .exited(0))
                // The data root has one daemon.
                let third = try run(
                    Executables.deployd, environment: ["AGENT_DATA_ROOT": directory, "AGENT_USER": "\(place.uid):\(place.uid)"],
                    workingDirectory: "/")
                #expect(third.status == .exited(1), "\(third)")
                try second.signal(SIGTERM)
                #expect(try second.wait() == .exited(0))
            }
        }
    }
}
