import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// What the agent runs, or leaves in its working directory, never makes a commit of its own fail for good, nor holds the daemon up.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AgentProcessesTests {
    /// So many processes of the agent's user, for as long as `body` runs or until it ends them itself.
    private func withProcesses(_ count: Int, of farm: Farm, _ body: (borrowing ChildProcess) async throws -> Void) async throws {
        let crowd = try ChildProcess(
            .init(
                "setpriv",
                [
                    "--reuid=\(farm.uid)", "--regid=\(farm.uid)", "--clear-groups", "--", "bash", "-c",
                    "for i in $(seq \(count)); do sleep 300 & done; echo > '\(farm.root)/crowd'; wait",
                ], descriptors: [1: 2, 2: 2], newSession: true))
        let group = crowd.pid
        defer { kill(-group, SIGKILL) }
        try run("chmod", ["777", farm.root]).requireSuccess()
        try await eventually("they run") { exists(farm.root + "/crowd") }
        try await body(crowd)
    }

    @Test func `an agent with more processes than a tool would be allowed has its commits deployed and made`() async throws {
        try await withFarm { farm, service in
            try await withProcesses(700, of: farm) { _ in
                try await service.deployed(farm.commit(["a": "1"]))
                try farm.agent("echo 2 > a")
                let started = try await service.deploy(DeployActionRequest(commitMessage: "two"), by: admin)
                #expect(try await service.settled(started.id, withinMilliseconds: 60_000).state == .deployed)
                #expect(try farm.deployed("a") == "2\n")
            }
        }
    }

    @Test func `a commit that cannot be taken in for want of processes is tried again, and is not called damaged`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let commit = try farm.commit(["a": "1"])
            try await withProcesses(150, of: farm) { crowd in
                // What the daemon starts has its limit, root has none.
                let daemon = try ChildProcess(
                    .init(
                        "prlimit", ["--nproc=100:8192", Executables.deployd, "--config", emptyConfiguration(in: root)],
                        environment: mergedEnvironment([
                            "AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
                            "AGENT_DEPLOY_TEST_COMMAND": "true",
                        ]), workingDirectory: "/", descriptors: [1: 2, 2: 2]))
                try await eventually("it is tried again") {
                    (try? readFile(farm.deployments + "/logs/1.log"))?.contains("is tried again in 2 s: pinfold-git could not be")
                        == true
                }
                #expect(try readFile(farm.deployments + "/status.json").contains("\"state\" : \"detected\""))
                kill(-crowd.pid, SIGKILL)
                try await eventually("it is deployed", within: 60) {
                    (try? readFile(farm.deployments + "/status.json"))?.contains("\"deployed\" : {") == true
                }
                #expect(try farm.deployed("a") == "1")
                #expect(try readFile(farm.deployments + "/status.json").contains(commit.hex))
                try daemon.signal(SIGTERM)
                #expect(try daemon.wait() == .exited(0))
            }
        }
    }

    @Test(arguments: [
        "mkfifo .gitignore", "mkdir -p sub; echo 1 > sub/f; mkfifo sub/.gitignore", "mkfifo .gitattributes", "mkfifo .gitmodules",
        "mkfifo .mailmap", "mkfifo any", "rm -f .git/info/exclude; mkdir -p .git/info; mkfifo .git/info/exclude",
        "mkfifo .git/info/attributes", "git config include.path ../fifo; mkfifo fifo",
        "git config core.excludesFile /code-repo/fifo; mkfifo fifo",
        "rm -f .git/logs/HEAD; mkdir -p .git/logs; mkfifo .git/logs/HEAD",
        "rm .git/index; mkfifo .git/index", "mkfifo .git/MERGE_HEAD", "ln -s /dev/zero .gitignore", "ln -s /dev/tty .gitattributes",
        "ln -s /proc/self/pagemap .gitignore", "ln -s .gitignore .gitignore", "mkdir .gitignore",
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\".gitignore\")'",
    ])
    func `whatever has a name that git knows in the working directory, the deploy action ends soon`(_ making: String) async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try farm.agent(making + "; echo 2 > a")
            // Committed, or refused with a reason: either is an answer.
            do {
                let started = try await service.deploy(DeployActionRequest(commitMessage: "two"), by: admin)
                let ended = try await service.settled(started.id, withinMilliseconds: 60_000)
                let isLink = ended.reason?.contains("cannot be deployed") == true
                #expect(ended.state == .deployed || isLink, "\(making): \(ended.reason ?? "")")
                #expect(try farm.deployed("a") == (isLink ? "1" : "2\n"))
            } catch let error as DeployError {
                #expect(error.message.contains("nothing was committed"), "\(making): \(error.message)")
                print("\(making): \(error.message)")
            }
        }
    }

    @Test func `the daemon stops within seconds while a commit is being made that does not end`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let service = try DeployService(farm.settings)
            let running = Task { try await service.run() }
            try await service.deployed(farm.commit(["a": "1"]))
            try farm.agent("for i in $(seq 5000); do echo $i > f$i; done")
            let deploying = Task { try await service.deploy(DeployActionRequest(commitMessage: "many"), by: admin) }
            try await eventually("what commits stands still") { try Self.stop("pinfold-git", of: farm.uid) }
            let clock = ContinuousClock()
            let start = clock.now
            service.stop()
            await #expect(throws: DeployError.self) { try await deploying.value }
            try await running.value
            #expect(clock.now - start < .seconds(30))
            try await eventually("nothing of it is left") { try !Self.stop("pinfold-git", of: farm.uid) }
        }
    }

    /// Stops a process by its name and user; false where there is none.
    private static func stop(_ name: String, of uid: UInt32) throws -> Bool {
        let listed = try run("pgrep", ["-x", "-u", "\(uid)", name]).output.split(separator: "\n").compactMap { Int32($0) }
        for pid in listed { kill(pid, SIGSTOP) }
        return !listed.isEmpty
    }
}
