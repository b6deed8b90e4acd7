import CLinux
import Foundation
import LinuxSystem
import SystemPackage
import TestSupport

/// An agent's place as an admin sets it up: a data root in a source tree, a served view, the deploy daemon.
struct AgentPlace: Sendable {
    let root: String
    /// Nobody else's, so that limits counted by user are this test's alone.
    let uid = 600_000 + UInt32(getpid()) % 100_000

    var data: String { root + "/agent-data" }
    var codeRepo: String { data + "/code-repo" }
    var sandbox: String { data + "/sandbox" }
    var current: String { data + "/deployments/current" }
    /// A copy: the build directory need not be open to the agent's user.
    var pinfold: String { root + "/pinfold" }

    init(_ root: String) throws {
        self.root = root
        for directory in [codeRepo, sandbox, data + "/models", data + "/deployments/agent", root + "/view"] {
            try makeDirectories(directory)
        }
        try run("chown", ["\(uid):\(uid)", codeRepo, sandbox]).requireSuccess()
        try writeFile(root + "/pinfold.env", "# the test's environment says it all\n")
        try writeFile(data + "/models/model", "weights\n")
        try writeFile(data + "/models/secret", "a key\n")
        try run("chmod", ["600", data + "/models/secret"]).requireSuccess()
        try agent(
            "git init -q -b main && echo 1 > version && printf 'test ! -e slow || sleep 10\\ntest ! -e broken || { echo the sum is wrong; exit 1; }\\n' > check && git add -A && git commit -q -m first"
        )
        try run("cp", [Executables.pinfold, pinfold]).requireSuccess()
    }

    var environment: [String: String] {
        [
            "AGENT_DATA_ROOT": data, "AGENT_VIEW_SOURCE": root, "AGENT_VIEW_MOUNTPOINT": root + "/view",
            "AGENT_USER": "\(uid):\(uid)",
            "AGENT_DEPLOY_TEST_COMMAND": "sh check", "AGENT_DEPLOY_TEST_TIMEOUT": "60", "AGENT_DEPLOY_JUDGE": "false",
            "HOME": "/nonexistent",
        ]
    }

    /// Runs a script in the repository as the agent, outside the view.
    @discardableResult
    func agent(_ script: String) throws -> String {
        try shell(script, environment: ["HOME": "/nonexistent"], workingDirectory: codeRepo, user: (uid, uid)).requireSuccess()
    }

    func admin(_ arguments: String...) throws -> Finished {
        try run(
            Executables.pinfold, arguments + ["--config", root + "/pinfold.env"], environment: environment, workingDirectory: "/",
            seconds: 120)
    }

    /// A program inside `pinfold run`, in the repository.
    func inside(_ words: [String], variables: [String: String] = [:], input: String? = nil) throws -> Finished {
        let passed = variables.flatMap { ["--env", "\($0.key)=\($0.value)"] }
        return try run(
            Executables.pinfold, ["run", "--config", root + "/pinfold.env"] + passed + ["--"] + words, environment: environment,
            workingDirectory: codeRepo, input: input, seconds: 120)
    }

    func pinfoldInside(_ arguments: String...) throws -> Finished { try inside([pinfold] + arguments) }

    func startDaemon() throws -> ChildProcess {
        let log = Descriptor(
            owning: try check { unsafe pinfold_open(root + "/daemon.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) })
        let daemon = try ChildProcess(
            .init(
                Executables.deployd, ["--config", root + "/pinfold.env"], environment: mergedEnvironment(environment),
                workingDirectory: "/",
                descriptors: [1: log.rawValue, 2: log.rawValue]))
        for _ in 0..<600 {
            if try admin("status").status.isSuccess { return daemon }
            if try daemon.ends(withinMilliseconds: 100) { break }
        }
        throw TestFailure("the daemon does not answer: \((try? readFile(root + "/daemon.log")) ?? "")")
    }

    /// A place with its view and, unless `isServed` is false, its daemon, for the length of `body`.
    static func with(isServed: Bool = true, _ body: (AgentPlace) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let place = try AgentPlace(directory)
            try place.admin("mount").requireSuccess()
            defer { _ = try? place.admin("umount", "--lazy") }
            guard isServed else { return try body(place) }
            let daemon = try place.startDaemon()
            do {
                try body(place)
            } catch {
                // The daemon is killed with the value that holds it.
                throw TestFailure("\(error)\n\((try? readFile(directory + "/daemon.log")) ?? "")")
            }
            try daemon.signal(SIGTERM)
            _ = try daemon.wait()
        }
    }

    /// What a program of Python's prints as JSON, run inside with the packages that `mount/setup --test` has put there.
    func python(_ script: String, _ arguments: [String], isInside: Bool = true) throws -> [String: Any] {
        let file = root + "/" + script
        try writeFile(file, try readFile(sources + "/Tests/AgentToolsTests/Scripts/" + script))
        let words = ["/usr/bin/python3", "-B", file] + arguments
        let variables = ["PYTHONPATH": "/usr/local/lib/pinfold-tests"]
        let finished =
            isInside
            ? try inside(words, variables: variables)
            : try run(
                words[0], Array(words.dropFirst()), environment: variables.merging(["AGENT_DATA_ROOT": data]) { $1 },
                workingDirectory: "/",
                user: (uid, uid), seconds: 120)
        let output = try finished.requireSuccess()
        guard let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
            throw TestFailure("\(finished)")
        }
        return object
    }
}

/// The repository's top.
let sources = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
