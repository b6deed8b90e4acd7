import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport

/// Processes of a server that take a new version in as they run.
enum HotServer {
    private static let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Python"

    /// Each process takes what `srv/words.py` says into a file of its own, a hundred times a second.
    static let files: [String: String?] = [
        "srv/__init__.py": "", "srv/words.py": "def word():\n    return 'one'\n",
        "serve.py": """
        import os, sys, time
        import pinfold_agent
        from srv import words
        said = f"{sys.argv[1]}.{os.getpid()}"
        while True:
            with pinfold_agent.work():
                with open(said + ".new", "w") as out:
                    out.write(f"{pinfold_agent.commit()[:7]} {words.word()}")
                os.rename(said + ".new", said)
            time.sleep(0.01)
        """,
    ]

    static func make(_ farm: inout Farm) {
        farm.settings.reload.socket = farm.root + "/sockets"
        farm.settings.reload.drain = 2
    }

    /// One more process, started in what is deployed.
    static func start(_ farm: Farm) async throws -> ChildProcess {
        let process = try ChildProcess(
            .init(
                "/usr/bin/python3", ["serve.py", farm.root + "/said"],
                environment: [
                    "PATH=/usr/bin:/bin", "PYTHONPATH=\(package)", "PYTHONDONTWRITEBYTECODE=1",
                    "AGENT_DEPLOY_TARGET=\(farm.settings.versions.target)", "AGENT_DEPLOY_RELOAD_SOCKET=\(farm.root)/sockets",
                ], workingDirectory: farm.settings.versions.target, newSession: true))
        let pid = process.pid
        try await eventually("the server works and listens") {
            exists("\(farm.root)/said.\(pid)") && exists("\(farm.root)/sockets/\(pid).sock")
        }
        return process
    }

    /// What the process said last: seven digits of its commit, and the word.
    static func said(by process: Int32, _ farm: Farm) throws -> String { try readFile("\(farm.root)/said.\(process)") }

    static func waitFor(_ word: String, _ commit: CommitID, by process: Int32, _ farm: Farm) async throws {
        try await eventually("process \(process) says \(word)") {
            try said(by: process, farm) == "\(commit.hex.prefix(7)) \(word)"
        }
    }
}
