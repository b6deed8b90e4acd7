import CLinux
import LinuxSystem
import TestSupport
import Testing

/// A configuration that has gone wrong since a view was mounted: nothing new is started with it, and what runs is reached.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RunningSettingsTests {
    /// An installation whose settings are all in its file, as on a server.
    private func inFile(_ installation: Installation) throws -> String {
        try installation.makeZones()
        let text = installation.environment.filter { $0.key != "AGENT_CODE_SOURCE" }.map { "\($0.key)=\($0.value)\n" }.sorted()
            .joined()
        try writeFile(installation.file, text)
        return text
    }

    private func pinfold(_ installation: Installation, _ arguments: String...) throws -> Finished {
        try run(Executables.pinfold, arguments + ["--config", installation.file], workingDirectory: "/")
    }

    @Test(arguments: [
        "AGENT_DEPLOY_KEEP=many\n", "AGENT_VIEW_MOUNTPIONT=/x\n", "nonsense\n", "AGENT_VIEW_MOUNTPOINT=~\n",
        "AGENT_VIEW_MOUNTPOINT=/elsewhere\n",
    ])
    func `a view is taken down and its record read though a line of the file is wrong`(_ line: String) throws {
        try Installation.with { installation in
            let right = try inFile(installation)
            try pinfold(installation, "mount").requireSuccess()
            let name = line.split(separator: "=")[0]
            try writeFile(
                installation.file,
                right.split(separator: "\n").filter { !$0.hasPrefix("\(name)=") }.joined(separator: "\n") + "\n" + line)
            let audit = try pinfold(installation, "audit")
            #expect(audit.status == .exited(0), "\(audit)")
            let down = try pinfold(installation, "umount")
            #expect(down.status == .exited(0), "\(down)")
            #expect(
                down.complaint?.hasPrefix("warning: ") == true && down.complaint?.contains(installation.mountpoint) == true,
                "\(down)")
            #expect(try installation.planes().isEmpty)
            // It is gone in order: with a wrong configuration there is nothing that could be meant any more.
            if !line.contains("/elsewhere") { #expect(try pinfold(installation, "umount").status == .exited(2)) }
        }
    }

    @Test func `a view whose daemon has died is served again as it was though the file is wrong, and no other is started`()
        async throws
    {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? run(Executables.pinfold, ["umount", "--lazy", installation.mountpoint]) }
            let right = try inFile(installation)
            try writeFile(
                installation.file, right + "AGENT_VIEW_HIDE=default:\(installation.data)/logs\nAGENT_SANDBOX_QUOTA=10M,1K\n")
            try pinfold(installation, "mount").requireSuccess()
            for line in ["AGENT_DEPLOY_KEEP=many\n", "AGENT_SANDBOX_PATH=\(directory)/nowhere\n"] {
                try writeFile(
                    installation.file,
                    right.split(separator: "\n").filter { !$0.hasPrefix(line.prefix(18)) }.joined(separator: "\n") + "\n" + line)
                #expect(try pinfold(installation, "mount", directory + "/other").status == .exited(2))
                try await installation.killDaemon()
                // What the unit's stop step does after a crash.
                try pinfold(installation, "umount", "--dead").requireSuccess()
                let again = try pinfold(installation, "mount")
                #expect(
                    again.status == .exited(0) && again.errors.contains("served again with the settings that it had"), "\(again)")
                #expect(try installation.planes().count == 3)
                #expect(!exists("\(installation.mountpoint)/agent-data/logs"))
            }
            try pinfold(installation, "umount").requireSuccess()
            #expect(try pinfold(installation, "mount").status == .exited(2))
            #expect(try installation.planes().isEmpty)
        }
    }

    @Test func `a dead view that was taken down is not served again with a wrong configuration`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? run(Executables.pinfold, ["umount", "--lazy", installation.mountpoint]) }
            let right = try inFile(installation)
            try pinfold(installation, "mount").requireSuccess()
            try writeFile(installation.file, right + "nonsense\n")
            try await installation.killDaemon()
            try pinfold(installation, "umount").requireSuccess()
            #expect(try pinfold(installation, "mount").status == .exited(2))
        }
    }

    @Test func `a file that is named and not there is wrong, whatever the environment names`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            for words in [["status"], ["hold", "--reason", "x"], ["audit"]] {
                let result = try run(
                    Executables.pinfold, words + ["--config", "/nonexistent.env"], environment: installation.environment)
                #expect(result.status == .exited(2), "\(result)")
                #expect(result.complaint?.contains("/nonexistent.env") == true, "\(result)")
            }
        }
    }

    @Test func `the review page is served of the daemon that runs though the file is wrong`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            let right = try inFile(installation)
            let daemon = try ChildProcess(
                .init(
                    Executables.deployd, ["--config", installation.file], environment: mergedEnvironment([:]),
                    workingDirectory: "/"))
            try await eventually("the daemon serves") { try pinfold(installation, "status").status.isSuccess }
            try Beside.with(program: "pinfold-web", script: "echo \"$*\"") { pinfold in
                for line in ["AGENT_NETWORK=bridge\n", "nonsense\n", "AGENT_DATA_ROOT=/elsewhere\n"] {
                    let name = line.split(separator: "=")[0]
                    try writeFile(
                        installation.file,
                        right.split(separator: "\n").filter { !$0.hasPrefix("\(name)=") }.joined(separator: "\n") + "\n" + line)
                    let web = try run(pinfold, ["web", "--config", installation.file], workingDirectory: "/")
                    #expect(web.status == .exited(0) && web.complaint?.hasPrefix("warning: ") == true, "\(line): \(web)")
                    #expect(
                        web.output.hasPrefix(
                            "--socket \(installation.data)/deployments/review/review.sock --agent-user-id \(installation.agent.uid) "
                        ),
                        "\(line): \(web)")
                }
            }
            try daemon.signal(SIGTERM)
            _ = try daemon.wait()
        }
    }

    @Test func `who may not read the machine's file is answered by what flags and environment say`() throws {
        try Installation.with { installation in
            /// As a user for whom `/etc/pinfold/pinfold.env` is there and closed, in a mount namespace of its own.
            func status(_ words: [String], _ environment: [String: String]) throws -> Finished {
                let script = """
                    mkdir scratch && mount -t tmpfs none scratch && mkdir scratch/upper scratch/work
                    mount -t overlay none -o lowerdir=/etc,upperdir=scratch/upper,workdir=scratch/work /etc
                    mkdir -p /etc/pinfold && touch /etc/pinfold/pinfold.env && chmod 755 /etc/pinfold && chmod 600 /etc/pinfold/pinfold.env
                    cd / && exec setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
                    """
                defer { _ = try? run("rmdir", [installation.root + "/scratch"]) }
                return try run(
                    "unshare", ["-m", "sh", "-ec", script, "sh", Executables.pinfold, "status"] + words, environment: environment,
                    workingDirectory: installation.root)
            }
            for (words, environment) in [
                (["--set", "AGENT_DATA_ROOT=/nowhere/x"], [:]), (["--data-root", "/nowhere/x"], [:]),
                ([], ["HOME": "/nowhere", "AGENT_DATA_ROOT": "${HOME}/x"]),
            ] as [([String], [String: String])] {
                let result = try status(words, environment)
                #expect(result.status == .exited(4) && result.complaint?.contains("/nowhere/x/") == true, "\(result)")
            }
            for (words, environment, says) in [
                ([], [:], "set AGENT_DATA_ROOT"), ([], ["AGENT_DATA_ROOT": ""], "it is empty"),
                (["--set", "AGENT_TYPO=1"], ["AGENT_DATA_ROOT": "/nowhere/x"], "AGENT_TYPO"),
            ] as [([String], [String: String], String)] {
                let result = try status(words, environment)
                #expect(result.status == .exited(2) && result.complaint?.contains(says) == true, "\(result)")
            }
        }
    }
}
