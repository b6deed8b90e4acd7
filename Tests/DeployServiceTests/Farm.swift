import AdminInterface
import CLinux
import DataRoot
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import Synchronization
import TestSupport

/// An agent's repository and a place for deployments, with a user of its own, so that limits counted by user are not shared between tests.
struct Farm: Sendable {
    let root: String
    let uid: UInt32
    var settings: PipelineSettings

    private static let users = Atomic<UInt32>(0)

    var codeRepo: String { root + "/agent-data/code-repo" }
    var deployments: String { root + "/agent-data/deployments" }
    var current: String { deployments + "/current" }

    init(_ root: String) throws {
        self.root = root
        uid = 300_000 + UInt32(getpid()) % 100_000 * 100 + Self.users.wrappingAdd(1, ordering: .relaxed).newValue % 100
        let data = root + "/agent-data"
        settings = try PipelineSettings(
            DeploySettings(target: data + "/deployments/current"), data: DataRoot(data), codeRepo: data + "/code-repo",
            agentUID: uid, agentGID: uid)
        settings.programs = ProgramDirectory(path: Executables.directory)
        settings.tests.command = "test ! -e broken"
        settings.tests.timeout = 60
        settings.health.soak = 100
        settings.health.patience = 500
        try makeDirectories(data + "/code-repo")
        // As `pinfold init` does: the daemon serves nothing that is not set up.
        try makeDirectories(deployments)
        try run("chown", ["\(uid):\(uid)", data + "/code-repo"]).requireSuccess()
        try git("init", "-q", "-b", "main")
    }

    @discardableResult
    func git(_ arguments: String...) throws -> String { try git(arguments) }

    @discardableResult
    private func git(_ arguments: [String]) throws -> String {
        try run("git", ["-C", codeRepo] + arguments, environment: ["HOME": "/nonexistent"], user: (uid, uid)).requireSuccess()
    }

    /// Runs a script in the repository as the agent.
    @discardableResult
    func agent(_ script: String) throws -> String {
        try shell(script, environment: ["HOME": "/nonexistent"], workingDirectory: codeRepo, user: (uid, uid)).requireSuccess()
    }

    /// Writes files (nil removes one) and commits them.
    /// - Parameter author: as `Name <address>`, where it is not the one of all.
    @discardableResult
    func commit(_ files: [String: String?], _ message: String = "change", author: String? = nil) throws -> CommitID {
        for (path, contents) in files {
            if let contents {
                try run(
                    "bash", ["-c", "mkdir -p \"$(dirname \"$1\")\" && cat > \"$1\"", "-", codeRepo + "/" + path], user: (uid, uid),
                    input: contents
                ).requireSuccess()
            } else {
                try git("rm", "-q", "-f", path)
            }
        }
        try git("add", "-A")
        try git(["commit", "-q", "-m", message] + (author.map { ["--author", $0] } ?? []))
        return try head()
    }

    func head(of branch: String = "HEAD") throws -> CommitID {
        let text = try git("rev-parse", branch)
        guard let id = CommitID(String(text.prefix(40))) else { throw TestFailure("no commit: \(text)") }
        return id
    }

    /// Changes the daemon's history behind its back.
    func history(_ statement: String) throws {
        let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.execute(sys.argv[2]); c.commit()"
        try run("python3", ["-c", program, deployments + "/history.sqlite", statement]).requireSuccess()
    }

    func deployed(_ path: String) throws -> String { try readFile(settings.versions.target + "/" + path) }
}

let admin = Caller(role: .admin, uid: 0, name: "root")

extension DeployService {
    /// Root's yes, by the kernel's word.
    func approve(_ commit: String, by caller: Caller) async throws(DeployError) -> Deployment {
        try await answer(.approve, commit, AnswerRequest(), by: caller)
    }

    /// Root's no, by the kernel's word.
    func reject(_ commit: String, reason: String, by caller: Caller) async throws(DeployError) -> Deployment {
        try await answer(.reject, commit, AnswerRequest(reason: reason), by: caller)
    }
}

/// A farm, its daemon's service running in this process, stopped at the end.
func withFarm(
    _ change: (inout Farm) throws -> Void = { _ in }, fault: FaultPoint? = nil,
    _ body: @Sendable (Farm, DeployService) async throws -> Void
) async throws {
    try await withTemporaryDirectory { root in
        var farm = try Farm(root)
        try change(&farm)
        let ready = farm
        try await withService(ready, fault: fault) { try await body(ready, $0) }
    }
}

/// A farm with settings of its own: `try await configured { $0.settings… }.run { farm, service in … }`.
func configured(_ change: @escaping @Sendable (inout Farm) throws -> Void) -> ConfiguredFarm {
    ConfiguredFarm(change: change)
}

struct ConfiguredFarm {
    let change: @Sendable (inout Farm) throws -> Void

    func run(_ body: @Sendable (Farm, DeployService) async throws -> Void) async throws {
        try await withFarm(change, body)
    }
}

func withService(
    _ farm: Farm, fault: FaultPoint? = nil, _ body: @Sendable (DeployService) async throws -> Void
) async throws {
    try await withService(farm, running: try DeployService(farm.settings, fault: fault), body)
}

/// The same with a service that was opened before.
func withService(
    _ farm: Farm, running service: DeployService, _ body: @Sendable (DeployService) async throws -> Void
) async throws {
    let running = Task { try await service.run() }
    do {
        try await body(service)
    } catch {
        service.stop()
        try await running.value
        throw TestFailure("\(error)\n\(dump(service))")
    }
    service.stop()
    try await running.value
}

/// Everything that the service knows, for a failed test's message.
private func dump(_ service: DeployService) -> String {
    let history = (try? service.history(limit: 20)) ?? []
    return history.map { deployment in
        let log = (try? service.log(deployment.id).text) ?? ""
        return
            "\(deployment.id) \(deployment.commit.short) \(deployment.state.rawValue) at \(deployment.stage.rawValue): \(deployment.reason ?? "-")\n  \(deployment.steps.map { "\($0.stage.rawValue): \($0.note ?? "")" })\n\(log.suffix(2000))"
    }.joined(separator: "\n")
}

extension DeployService {
    /// The newest deployment of a commit, once it has ended or waits.
    func outcome(of commit: CommitID, seconds: Int = 60) async throws -> Deployment {
        var found: Deployment?
        try await eventually("\(commit.short) is settled", within: seconds) {
            found = try history(limit: 200).first { $0.commit == commit && $0.kind == .commit }
            // Approved and not taken up yet is not settled.
            return found?.isSettled == true && !(found?.state == .awaitingApproval && found?.approval != nil)
        }
        guard let found else { throw TestFailure("no deployment of \(commit)") }
        return found
    }

    /// The same, which has to be deployed.
    @discardableResult
    func deployed(_ commit: CommitID, seconds: Int = 60) async throws -> Deployment {
        let deployment = try await outcome(of: commit, seconds: seconds)
        guard deployment.state == .deployed else { throw TestFailure("\(deployment.state.rawValue): \(deployment.reason ?? "")") }
        return deployment
    }
}

/// A file of settings with none in it, so that the machine's own is not read.
func emptyConfiguration(in root: String) throws -> String {
    try writeFile(root + "/empty.env", "")
    return root + "/empty.env"
}
