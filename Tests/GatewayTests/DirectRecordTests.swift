import AuditLog
import LinuxSystem
import TestSupport
import Testing

/// What is recorded of a sandbox that the kernel serves by itself. Docs/Semantics.md, S-55.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DirectRecordTests {
    /// A gateway that records below its directory; a tree is in the sandbox already.
    private func withRecord(_ body: (MountedGateway) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell(
                """
                mkdir -m 700 audit; mkdir -p outside/in source/data/sandbox/old/deep; echo x > source/data/sandbox/old/deep/file
                chown -R 61234:61234 source/data/sandbox
                """, workingDirectory: directory
            ).requireSuccess()
            try await withGateway(
                in: directory, .init(more: ["--sandbox-access", "direct", "--audit", directory + "/audit"]), body)
        }
    }

    private func records(_ gateway: MountedGateway) throws -> [AuditRecord] {
        var records: [AuditRecord] = []
        var reader = try AuditReader(gateway.directory + "/audit")
        try reader.read { line in if let record = AuditRecord(line: line) { records.append(record) } }
        return records
    }

    /// The records, once one of `last` in the sandbox is among them: what was done before is told before.
    private func records(_ gateway: MountedGateway, until last: String) async throws -> [AuditRecord] {
        var found: [AuditRecord] = []
        try await eventually("a record of \(last)") {
            found = try records(gateway)
            return found.contains { $0.path == "\(gateway.sandbox)/\(last)" }
        }
        return found
    }

    /// `operation path` or `operation path -> second`, from the sandbox's directory.
    private func words(_ records: [AuditRecord], _ gateway: MountedGateway) -> [String] {
        func short(_ path: String) -> String { path.replacing(gateway.sandbox + "/", with: "") }
        return records.filter { $0.zone == "sandbox" }.map { record in
            "\(record.operation) \(short(record.path))" + (record.second.map { " -> \(short($0))" } ?? "")
        }
    }

    @Test func `S-55: what is done deeper than any path reaches is recorded, and breaks no chain`() async throws {
        try await withRecord { gateway in
            for last in ["first", "second", "third"] {
                try gateway.asAgent(
                    """
                    cd data/sandbox; mkdir -p deep; cd deep
                    python3 -c '
                    import os
                    for level in range(110):
                        try: os.mkdir("\\1" * 255)
                        except FileExistsError: pass
                        os.chdir("\\1" * 255)
                    open("file", "w").close()
                    os.unlink("file")'
                    cd ..; : > \(last)
                    """
                ).requireSuccess()
                let found = try await records(gateway, until: last)
                let inode = found.filter { $0.path.hasPrefix(gateway.sandbox + "//inode/") && $0.path.hasSuffix("/file") }
                #expect(inode.contains { $0.operation == "create" } && inode.contains { $0.operation == "unlink" })
            }
            #expect(try AuditReader.verify(gateway.directory + "/audit").problem == nil)
        }
    }

    @Test func `S-55: what is done in it is recorded with its path, process and user`() async throws {
        try await withRecord { gateway in
            // Who did it is there until it is recorded.
            let doer = try ChildProcess(
                .init(
                    "/usr/bin/setpriv",
                    [
                        "--reuid=61234", "--regid=61234", "--clear-groups", "--", "bash", "-c",
                        "echo a > made; echo more >> old/deep/file; until test -e go; do sleep 0.01; done",
                    ], workingDirectory: gateway.viewSandbox))
            _ = try await records(gateway, until: "old/deep/file")
            try writeFile(gateway.sandbox + "/go", "")
            _ = try doer.wait()
            try gateway.asAgent(
                """
                cd data/sandbox; mkdir dir; mv made dir/moved; ln dir/moved second; ln -s x link; mkfifo pipe
                chmod 600 second; mv dir new; echo b > new/below; rm -r new old; : > last
                """
            ).requireSuccess()
            let records = try await records(gateway, until: "last")
            let said = words(records, gateway)
            for expected in [
                "create made", "open old/deep/file", "mkdir dir", "rename made -> dir/moved", "link second", "symlink link",
                "mknod pipe",
                "setattr second", "rename dir -> new", "create new/below", "unlink new/below", "unlink new/moved", "rmdir new",
                "unlink old/deep/file", "rmdir old/deep", "rmdir old", "create last",
            ] {
                #expect(said.contains(expected), "\(expected): \(said)")
            }
            // A file that was made and written is told once.
            #expect(!said.contains("open made") && !said.contains("open new/below"), "\(said)")
            let made = try #require(records.first { $0.path.hasSuffix("/made") && $0.operation == "create" })
            #expect(made.process > 0 && made.command == "bash" && made.user == 61_234 && made.rule == nil, "\(made)")
            #expect(records.allSatisfy { $0.zone != "sandbox" || $0.path.hasPrefix(gateway.sandbox) })
        }
    }

    @Test func `S-55: nothing of what is done elsewhere on the disk is recorded, and what comes in and goes out is`() async throws {
        try await withRecord { gateway in
            try shell(
                """
                echo x > outside/in/file; mkdir outside/in/d; rm outside/in/file; mv outside/in/d outside/d
                mkdir -p tree/below/deep; mv tree \(gateway.sandbox)/tree
                """, workingDirectory: gateway.directory
            ).requireSuccess()
            // What a directory brings with it is looked up when its coming is: what has left it by then was never in it.
            _ = try await records(gateway, until: "tree")
            try shell(
                """
                echo x > \(gateway.sandbox)/tree/below/deep/file
                mv \(gateway.sandbox)/tree/below outside/below; echo y > outside/below/deep/other; : > \(gateway.sandbox)/last
                """, workingDirectory: gateway.directory
            ).requireSuccess()
            let records = try await records(gateway, until: "last")
            #expect(
                words(records, gateway).filter { !$0.hasPrefix("open") } == [
                    "mkdir tree", "create tree/below/deep/file", "rmdir tree/below", "create last",
                ])
            #expect(records.filter { $0.zone == "sandbox" }.allSatisfy { $0.user == 0 || $0.command.isEmpty })
        }
    }

    @Test func `S-55: the chain is whole, with ten thousand names made and removed`() async throws {
        try await withRecord { gateway in
            try gateway.asAgent(
                """
                cd data/sandbox; mkdir many; cd many; for i in $(seq 10000); do : > $i; done; cd ..; rm -r many; : > last
                """
            ).requireSuccess()
            try await eventually("the last is recorded, or counted", within: 60) {
                let found = try records(gateway)
                return found.contains { $0.path.hasSuffix("/last") } || found.contains { $0.operation == "dropped" }
            }
            // Each was recorded, or is in the count of those that were not.
            var found: [AuditRecord] = []
            try await eventually("nothing is lost uncounted", within: 60) {
                found = try records(gateway)
                let told = found.filter { $0.operation == "create" && $0.path.contains("/many/") }.count
                let removed = found.filter { $0.operation == "unlink" }.count
                let dropped = found.filter { $0.operation == "dropped" }.compactMap(\.count).reduce(0, +)
                return told + removed + Int(dropped) >= 20_000
            }
            #expect(try AuditReader.verify(gateway.directory + "/audit").problem.map { $0.contains("head") } ?? true)
        }
    }
}
