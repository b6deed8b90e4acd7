import LinuxSystem
import TestSupport
import Testing

/// `pinfold audit`: the record in words, and whether it is whole.
@Suite(.timeLimit(.minutes(10)))
struct AuditTests {
    @Test func `it shows changes and refusals, verifies, and finds what was altered`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let zone = installation.mountpoint + "/agent-data/code-repo"
            try shell("echo x > '\(zone)/made.txt'", user: installation.agent).requireSuccess()
            #expect(try !shell("echo x > '\(zone)/.git/hooks/post-commit'", user: installation.agent).status.isSuccess)
            let hook = installation.codeRepo + "/.git/hooks/post-commit"
            try await eventually("both are recorded") {
                let shown = try installation.pinfold("audit").output
                return shown.contains("create \(installation.codeRepo)/made.txt (code-repo) by bash")
                    && shown.contains("REFUSED create \(hook)")
            }
            let denied = try installation.pinfold("audit", "--denied").requireSuccess()
            #expect(denied.contains(hook) && denied.contains("EPERM, protected-name (pattern .git/hooks)"), "\(denied)")
            #expect(!denied.contains("made.txt"))
            #expect(try installation.pinfold("audit", "--path", "hooks", "--since", "1h").requireSuccess() == denied)
            #expect(try installation.pinfold("audit", "--since", "2999-01-01").requireSuccess().isEmpty)
            let json = try JSONText(try installation.pinfold("audit", "--denied", "--json").requireSuccess())
            #expect(json["path"]?.string == hook && json["rule"]?.string == "protected-name" && json["errno"]?.string == "EPERM")
            // The record is no file of the agent's view.
            #expect(!exists(installation.mountpoint + "/agent-data/deployments/audit"))
            #expect(try run("stat", ["-c", "%a", installation.data + "/deployments/audit"]).output == "700\n")

            try installation.pinfold("umount").requireSuccess()
            let whole = try installation.pinfold("audit", "--verify").requireSuccess()
            #expect(whole.contains("the chain is whole"), "\(whole)")
            try shell("sed -i '2s/made/mine/' '\(installation.data)'/deployments/audit/audit-*.jsonl").requireSuccess()
            let altered = try installation.pinfold("audit", "--verify")
            #expect(altered.status == .exited(1))
            #expect(altered.complaint?.contains("record 2 was altered") == true, "\(altered)")
            let told = try installation.pinfold("audit", "--verify", "--json")
            #expect(told.status == .exited(1))
            #expect(try JSONText(told.output)["intact"]?.bool == false)
        }
    }

    @Test func `it follows what comes`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let follower = try ChildProcess(
                .init(
                    "sh",
                    [
                        "-c", "exec \"$0\" audit --follow --config \"$1\" > \"$2\"", Executables.pinfold, installation.file,
                        directory + "/shown",
                    ],
                    environment: mergedEnvironment(installation.environment), workingDirectory: directory, descriptors: [:]))
            try shell("echo x > '\(installation.mountpoint)/agent-data/sandbox/later'", user: installation.agent).requireSuccess()
            do {
                try await eventually("it is shown") {
                    ((try? readFile(directory + "/shown")) ?? "").contains("/sandbox/later")
                }
            } catch {
                try follower.signal(Signal.kill.rawValue)
                _ = try follower.wait()
                throw error
            }
            try follower.signal(Signal.terminate.rawValue)
            _ = try follower.wait()
        }
    }

    @Test func `a record in which nothing was written yet is whole, and so is one on a disk that takes no writes`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            let directory = installation.data + "/deployments/audit"
            func readOnly() throws {
                try shell("mount --bind '\(directory)' '\(directory)'; mount -o remount,bind,ro '\(directory)'").requireSuccess()
            }
            defer { _ = try? run("umount", ["--lazy", directory]) }
            func verified() throws -> String { try installation.pinfold("audit", "--verify").requireSuccess() }
            try readOnly()
            #expect(try verified() == "0 records: the chain is whole\n")
            try run("umount", [directory]).requireSuccess()
            #expect(try verified() == "0 records: the chain is whole\n")
            try installation.pinfold("mount").requireSuccess()
            try installation.pinfold("umount").requireSuccess()
            try readOnly()
            #expect(try verified().hasPrefix("2 records, 1 to 2"))
            try run("umount", [directory]).requireSuccess()
            // What cannot be looked at is named.
            try shell("rm lock; mkdir lock", workingDirectory: directory).requireSuccess()
            let failed = try installation.pinfold("audit", "--verify")
            #expect(failed.status == .exited(1) && failed.complaint?.hasPrefix(directory) == true, "\(failed)")
            try shell("rmdir lock; rm audit-*", workingDirectory: directory).requireSuccess()
            let missing = try installation.pinfold("audit", "--verify")
            #expect(missing.status == .exited(1) && missing.complaint?.contains("missing") == true, "\(missing)")
        }
    }

    @Test func `nothing recorded, and wrong usage, are said`() throws {
        try Installation.with { installation in
            let nothing = try installation.pinfold("audit")
            #expect(nothing.status == .exited(1) && nothing.complaint?.contains("nothing has been recorded") == true, "\(nothing)")
            for words in [["--since", "yesterday"], ["--path", "["], ["--verify", "--denied"]] {
                let result = try run(
                    Executables.pinfold, ["audit", "--config", installation.file] + words,
                    environment: installation.environment)
                #expect(result.status == .exited(2), "\(result)")
            }
        }
    }
}
