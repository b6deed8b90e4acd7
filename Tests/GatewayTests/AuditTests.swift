import AuditLog
import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What the gateway records: changes and refusals in the zones, and nothing of reading.
@Suite(.timeLimit(.minutes(10)))
struct AuditTests {
    /// A gateway that records below its directory; a hook and a file with a name outside the zone are there already.
    private func withRecord(_ body: (MountedGateway) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell(
                """
                mkdir -m 700 audit; cd source/data
                echo outside > outside; ln outside sandbox/linked
                mkdir -p code-repo/.git/hooks; echo old > code-repo/seen; chown -R 61234:61234 code-repo sandbox
                """, workingDirectory: directory
            ).requireSuccess()
            try await withGateway(
                in: directory, .init(hide: [directory + "/source/data/code-repo/hidden"], more: ["--audit", directory + "/audit"]),
                body)
        }
    }

    private func records(_ gateway: MountedGateway) throws -> [AuditRecord] {
        var records: [AuditRecord] = []
        var reader = try AuditReader(gateway.directory + "/audit")
        try reader.read { line in if let record = AuditRecord(line: line) { records.append(record) } }
        return records
    }

    /// Waits for a record; the record is written a moment after the call.
    private func found(
        _ what: String, in gateway: MountedGateway, _ matches: (AuditRecord) -> Bool
    ) async throws -> AuditRecord {
        var found: AuditRecord?
        try await eventually("a record of \(what)") {
            found = try records(gateway).first(where: matches)
            return found != nil
        }
        return try #require(found)
    }

    @Test func `every kind of change is recorded with its path, process and user`() async throws {
        try await withRecord { gateway in
            try gateway.asAgent(
                """
                cd data/code-repo
                echo $$ > made; echo more >> seen; mkdir dir; mv made dir/moved; ln dir/moved second; ln -s x link; mkfifo pipe
                chmod 600 second; touch -d 2020-01-01 second; truncate -s 1 second; setfattr -n user.a -v 1 second
                setfattr -x user.a second; chown :61234 second; rm second; rm -r dir
                """
            ).requireSuccess()
            let zone = gateway.codeRepo
            let expected: [(String, String, String?)] = [
                ("create", "made", nil), ("open", "seen", nil), ("mkdir", "dir", nil), ("rename", "made", "dir/moved"),
                ("link", "dir/moved", "second"), ("symlink", "link", nil), ("mknod", "pipe", nil), ("chmod", "second", nil),
                ("utimens", "second", nil), ("truncate", "second", nil), ("setxattr", "second", nil),
                ("removexattr", "second", nil),
                ("chown", "second", nil), ("unlink", "second", nil), ("unlink", "dir/moved", nil), ("rmdir", "dir", nil),
            ]
            for (operation, path, second) in expected {
                // A file with two names may be known by either.
                let names = ["dir/moved", "second"].contains(path) ? ["dir/moved", "second"] : [path]
                let record = try await found("\(operation) \(path)", in: gateway) { record in
                    record.operation == operation && names.contains { record.path == "\(zone)/\($0)" }
                        && record.second == second.map { "\(zone)/\($0)" }
                }
                #expect(
                    record.rule == nil && record.error == "ok" && record.zone == "code-repo" && record.user == 61_234, "\(record)")
                #expect(record.process > 0 && !record.command.isEmpty, "\(record)")
            }
            let made = try await found("bash's file", in: gateway) { $0.operation == "create" && $0.path == zone + "/made" }
            #expect(made.command == "bash")
            #expect(try AuditReader.verify(gateway.directory + "/audit").problem.map { $0.contains("head") } ?? true)
        }
    }

    @Test func `refusals are recorded with the rule and the errno`() async throws {
        try await withRecord { gateway in
            let zone = gateway.codeRepo
            let planted = try gateway.asAgent("echo $$; exec sh -c 'echo evil > data/code-repo/.git/hooks/pre-commit'")
            #expect(!planted.status.isSuccess)
            let pid = try #require(Int32(planted.output.split(separator: "\n").first ?? ""))
            let hook = try await found("the hook", in: gateway) { $0.path == zone + "/.git/hooks/pre-commit" }
            #expect(hook.operation == "create" && hook.rule == "protected-name" && hook.pattern == ".git/hooks", "\(hook)")
            #expect(hook.error == "EPERM" && hook.process == pid && hook.command == "sh" && hook.user == 61_234, "\(hook)")
            #expect(!exists(zone + "/.git/hooks/pre-commit"))

            #expect(try !gateway.asAgent("echo x > data/code-repo/hidden").status.isSuccess)
            #expect(try await found("the hidden name", in: gateway) { $0.path == zone + "/hidden" }.rule == "hidden")
            #expect(try !gateway.asAgent("mv data/code-repo/.git data/code-repo/g0").status.isSuccess)
            let moved = try await found("the rename", in: gateway) { $0.second == zone + "/g0" }
            #expect(moved.operation == "rename" && moved.rule == "holds-protected-name" && moved.error == "EPERM", "\(moved)")
            #expect(try !gateway.asAgent("echo x >> data/sandbox/linked").status.isSuccess)
            let linked = try await found("the hard link", in: gateway) { $0.rule == "hard-link" }
            #expect(linked.operation == "open" && linked.zone == "sandbox" && linked.error == "EPERM", "\(linked)")
            #expect(errno { unsafe mknod(gateway.viewSandbox + "/device", mode_t(S_IFCHR | 0o600), 0x103) } != nil)
            let device = try await found("the device", in: gateway) { $0.rule == "no-device-nodes" }
            #expect(device.path == gateway.sandbox + "/device" && device.user == 0, "\(device)")
        }
    }

    @Test func `reading adds nothing, and failures that no rule made add nothing`() async throws {
        try await withRecord { gateway in
            try gateway.asAgent(
                """
                cd data/code-repo; cat seen; ls -laR . >/dev/null; stat seen; readlink seen || true; getfattr -d seen; find / -maxdepth 1 >/dev/null
                cat hidden || true; mkdir seen || true; rmdir .git/hooks/none || true
                echo end > end
                """)
            let end = try await found("the end", in: gateway) { $0.path == gateway.codeRepo + "/end" }
            #expect(try records(gateway).filter { $0.sequence < end.sequence }.map(\.operation) == ["start"])
        }
    }

    @Test func `a stop is recorded, and the chain verifies then`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell("mkdir -m 700 '\(directory)/audit'").requireSuccess()
            for round in 1...2 {
                try await withGateway(in: directory, .init(more: ["--audit", directory + "/audit"])) { gateway in
                    try writeFile(gateway.viewSandbox + "/file\(round)", "x")
                }
                let found = try AuditReader.verify(directory + "/audit")
                #expect(found.problem == nil && found.records >= 3 * round, "\(found)")
            }
        }
    }

    @Test func `a record inside a zone, or open to others, is refused`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell("mkdir -m 700 source/data/sandbox/audit; mkdir -m 755 open", workingDirectory: directory).requireSuccess()
            for place in ["/source/data/sandbox/audit", "/source/data/sandbox", "/open", "/missing"] {
                let result = try run(
                    Executables.mount, MountedGateway.arguments(directory, .init(more: ["--audit", directory + place])))
                #expect(result.status == .exited(2) && result.errors.contains("--audit"), "\(result)")
            }
            #expect(mountpoints(below: directory).isEmpty)
        }
    }
}
