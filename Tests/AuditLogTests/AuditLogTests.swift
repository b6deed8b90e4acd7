import AuditLog
import CLinux
import LinuxSystem
import TestSupport
import Testing

/// The record's form, its chain, and what verifying finds.
@Suite(.timeLimit(.minutes(10)))
struct AuditLogTests {
    // FIPS 180-4's own examples, and lengths around a block's end (from `sha256sum`).
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 answers the standard's vectors`(_ text: String, _ hash: String) {
        #expect(SHA256.hex(Array(text.utf8)) == hash)
    }

    @Test func `SHA-256 agrees with sha256sum around the ends of blocks`() throws {
        for count in [55, 56, 63, 64, 65, 119, 120, 1000] {
            let text = String(repeating: "p", count: count)
            let expected = try run("sha256sum", input: text).requireSuccess().prefix(64)
            #expect(SHA256.hex(Array(text.utf8)) == expected, "\(count) bytes")
        }
    }

    @Test func `what an agent may put into a name is escaped, and comes back`() {
        let cases: [([UInt8], String)] = [
            (Array("plain.txt".utf8), "plain.txt"), (Array("größe 漢".utf8), "größe 漢"),
            (Array("a\u{1b}[2J\n".utf8), "a\\x1b[2J\\x0a"),
            ([0x61, 0xff, 0xc3], "a\\xff\\xc3"), (Array("a\\x41".utf8), "a\\\\x41"), (Array("\u{202e}x".utf8), "\\xe2\\x80\\xaex"),
            (Array("\"q\"".utf8), "\"q\""),
        ]
        for (bytes, text) in cases {
            #expect(AuditText.escape(bytes) == text)
            #expect(AuditText.unescape(text) == bytes)
        }
    }

    @Test func `a record holds what happened, and the whole chain verifies`() throws {
        try withRecord { directory in
            try write(directory) { trail in
                var event = AuditEvent(.rename, time: Timestamp(seconds: 1_700_000_000, nanoseconds: 5))
                event.path = Array("/z/a\"b\n".utf8)
                event.second = [0x2f, 0xff]
                event.process = 42
                event.command = Array("git".utf8)
                event.user = 1000
                event.zone = "code-repo"
                event.rule = "protected-name"
                event.pattern = ".git/hooks"
                event.errno = EPERM
                trail.record(event)
            }
            let lines = try lines(directory)
            let records = lines.compactMap { AuditRecord(line: $0) }
            #expect(records.map(\.operation) == ["start", "rename", "stop"])
            #expect(records.map(\.sequence) == [1, 2, 3])
            let record = try #require(records.count == 3 ? records[1] : nil)
            #expect(record.time == "2023-11-14T22:13:20.000000005Z")
            #expect(record.path == "/z/a\"b\\x0a" && record.second == "/\\xff")
            #expect(record.process == 42 && record.command == "git" && record.user == 1000 && record.zone == "code-repo")
            #expect(record.rule == "protected-name" && record.pattern == ".git/hooks" && record.error == "EPERM")
            #expect(record.previous == records[0].hash && record.isWhole(lines[1]))
            let file = try #require(status(try files(directory)[0]))
            #expect(file.st_mode & 0o7777 == 0o600)
            #expect(try AuditReader.verify(directory).problem == nil)
            // Any JSON reader takes it.
            try shell("python3 -c 'import json,sys; [json.loads(l) for l in open(sys.argv[1])]' '\(try files(directory)[0])'")
                .requireSuccess()
        }
    }

    @Test func `the chain goes on in the next process`() throws {
        try withRecord { directory in
            for _ in 0..<3 { try write(directory) { $0.record(AuditEvent(.create)) } }
            let found = try AuditReader.verify(directory)
            #expect(found.problem == nil && found.records == 9 && found.last == 9)
        }
    }

    @Test(arguments: [
        ("altered", "sed -i '4s/create/unlink/' F", "record 4 was altered"),
        ("removed", "sed -i 4d F", "record 5 stands where record 4 should"),
        ("reordered", "sed -i '4{h;d};5G' F", "record 5 stands where record 4 should"),
        ("truncated", "sed -i '$d' F", "record 12 is missing at the end"),
        ("emptied", ": > F", "record 1 is missing at the end"),
        ("removed at the start", "sed -i 1,3d F", "the records before 4 are missing"),
        ("made unreadable", "sed -i '4s/^/x/' F", "record 4 was altered"),
        ("without its head", "rm -f D/head", "the head is missing"),
    ])
    func `tampering is found and named`(_ what: String, _ command: String, _ problem: String) throws {
        try withRecord { directory in
            try write(directory) { trail in for _ in 0..<10 { trail.record(AuditEvent(.create)) } }
            #expect(try AuditReader.verify(directory).problem == nil)
            let script = command.replacing("F", with: "'\(try files(directory)[0])'").replacing(
                "D/head", with: "'\(directory)/head'")
            try shell(script).requireSuccess()
            let found = try AuditReader.verify(directory).problem
            #expect(found?.hasPrefix(problem) == true, "\(what): \(found ?? "nothing")")
            // Whoever writes next does not paper over it.
            if what != "without its head" {
                try write(directory) { _ in }
                #expect(try AuditReader.verify(directory).problem != nil, "\(what), then written to")
            }
        }
    }

    @Test func `a torn last line is cut off and recorded, and the chain goes on`() throws {
        try withRecord { directory in
            try write(directory) { $0.record(AuditEvent(.create)) }
            try shell("printf '{\"seq\":4,\"ti' >> '\(try files(directory)[0])'").requireSuccess()
            try write(directory) { $0.record(AuditEvent(.mkdir)) }
            let records = try lines(directory).compactMap { AuditRecord(line: $0) }
            #expect(records.map(\.operation) == ["start", "create", "stop", "torn", "start", "mkdir", "stop"])
            #expect(records.count == 7 && records[3].count == 12)
            #expect(try AuditReader.verify(directory).problem == nil)
        }
    }

    @Test func `files rotate and are bounded, and the chain goes over them`() throws {
        try withRecord { directory in
            var limits = AuditLimits()
            limits.fileBytes = 2000
            limits.files = 3
            try write(directory, limits) { trail in for _ in 0..<60 { trail.record(AuditEvent(.create)) } }
            let names = try files(directory)
            #expect(names.count == 3, "\(names)")
            for name in names { #expect(try readBytes(name).count <= 2600) }
            let found = try AuditReader.verify(directory)
            #expect(found.problem == nil && (found.first ?? 0) > 1 && (found.last ?? 0) > 62, "\(found)")
            #expect(try lines(directory).contains { AuditRecord(line: $0)?.operation == "pruned" })
            // The next oldest one taken away by somebody else.
            try shell("rm '\(names[0])'").requireSuccess()
            #expect(try AuditReader.verify(directory).problem?.contains("are missing") == true)
        }
    }

    @Test func `too many events are dropped and counted, refusals by themselves`() throws {
        try withRecord { directory in
            var limits = AuditLimits()
            limits.changes = AuditLimits.Rate(perSecond: 0, burst: 20)
            limits.refusals = AuditLimits.Rate(perSecond: 0, burst: 5)
            try write(directory, limits) { trail in
                var refusal = AuditEvent(.create)
                refusal.rule = "hidden"
                for _ in 0..<100 { trail.record(AuditEvent(.create)) }
                for _ in 0..<9 { trail.record(refusal) }
            }
            let records = try lines(directory).compactMap { AuditRecord(line: $0) }
            #expect(records.count { $0.operation == "create" && $0.rule == nil } == 20)
            #expect(records.count { $0.rule == "hidden" } == 5)
            #expect(records.filter { $0.operation == "dropped" }.compactMap(\.count).reduce(0, +) == 84)
            #expect(try AuditReader.verify(directory).problem == nil)
        }
    }

    @Test func `long names use up what may be written, and one that no record holds is counted`() throws {
        try withRecord { directory in
            var limits = AuditLimits()
            limits.changes = AuditLimits.Rate(perSecond: 0, burst: 30)
            try write(directory, limits) { trail in
                var long = AuditEvent(.mkdir)
                // Each byte takes five in the record.
                long.path = [UInt8](repeating: 1, count: 4096)
                for _ in 0..<2 { trail.record(long) }
                long.path = [UInt8](repeating: 1, count: 30_000)
                trail.record(long)
                for _ in 0..<20 { trail.record(AuditEvent(.create)) }
            }
            let records = try lines(directory).compactMap { AuditRecord(line: $0) }
            #expect(records.count { $0.operation == "mkdir" } == 1)
            #expect((5..<15).contains(records.count { $0.operation == "create" }))
            #expect(records.filter { $0.operation == "dropped" }.compactMap(\.count).reduce(0, +) > 2)
            #expect(try AuditReader.verify(directory).problem == nil)
        }
    }

    @Test func `a line that is longer than any record does not hide what is wrong`() throws {
        try withRecord { directory in
            try write(directory) { trail in trail.record(AuditEvent(.create)) }
            let file = try #require(try files(directory).last)
            try shell("head -c 3000000 /dev/zero | tr '\\0' x >> '\(file)'").requireSuccess()
            #expect(try AuditReader.verify(directory).problem?.contains("cannot be read") == true)
        }
    }

    @Test func `two writers at once make one chain`() throws {
        try withRecord { directory in
            try write(directory) { one in
                try write(directory) { two in
                    for _ in 0..<50 {
                        one.record(AuditEvent(.create))
                        two.record(AuditEvent(.mkdir))
                    }
                }
            }
            let found = try AuditReader.verify(directory)
            #expect(found.problem == nil && found.records == 104, "\(found)")
        }
    }

    @Test func `a directory that others may enter is refused`() throws {
        try withRecord { directory in
            try shell("chmod 750 '\(directory)'").requireSuccess()
            #expect(throws: AuditError.self) { try AuditTrail(directory: directory) { _ in } }
        }
    }

    // MARK: Tools

    private func withRecord(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/audit"
            try shell("mkdir -m 700 '\(path)'").requireSuccess()
            try body(path)
        }
    }

    private func write(_ directory: String, _ limits: AuditLimits = AuditLimits(), _ body: (AuditTrail) throws -> Void) throws {
        let trail = try AuditTrail(directory: directory, limits: limits) { Issue.record("\($0)") }
        try body(trail)
        trail.stop()
    }

    private func files(_ directory: String) throws -> [String] {
        try shell("ls -1 '\(directory)'/audit-*.jsonl").requireSuccess().split(separator: "\n").map(String.init)
    }

    private func lines(_ directory: String) throws -> [[UInt8]] {
        try files(directory).flatMap { try readBytes($0).split(separator: UInt8(ascii: "\n")).map(Array.init) }
    }
}
