import LinuxSystem
import TestSupport
import Testing

/// `pinfold why`: the same rules as the gateway's, in words, without a mount.
@Suite(.timeLimit(.minutes(10)))
struct WhyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        /// `@` stands for the installation's directory.
        let path: String
        let reads: Bool
        let writes: Bool
        /// The rule about writing.
        let rule: String
        var testDescription: String { path }
    }

    static let cases: [Case] = [
        Case(path: "@/agent-data/logs/server.log", reads: true, writes: false, rule: "read-only-view"),
        Case(path: "@/agent-data/sandbox/mine.txt", reads: true, writes: true, rule: "zone"),
        Case(path: "@/agent-data/sandbox/not/there/yet", reads: true, writes: true, rule: "zone"),
        Case(path: "@/agent-data/sandbox/../logs/server.log", reads: true, writes: false, rule: "read-only-view"),
        Case(path: "@/agent-data//sandbox/./mine.txt", reads: true, writes: true, rule: "zone"),
        Case(path: "@/into-sandbox/mine.txt", reads: true, writes: true, rule: "zone"),
        Case(path: "@/agent-data/sandbox/way-out/server.log", reads: true, writes: false, rule: "read-only-view"),
        Case(path: "@/agent-data/code-repo/.git/hooks/post-commit", reads: true, writes: false, rule: "protected-name"),
        Case(path: "@/agent-data/code-repo/deep/down/.git/config", reads: true, writes: false, rule: "protected-name"),
        Case(path: "@/agent-data/code-repo/.git/index", reads: true, writes: true, rule: "zone"),
        Case(path: "@/agent-data/sandbox/.git/config", reads: true, writes: true, rule: "zone"),
        Case(path: "@/secret/token", reads: false, writes: false, rule: "hidden"),
        Case(path: "@/agent-data/deployments/admin/admin.sock", reads: false, writes: false, rule: "hidden"),
        Case(path: "agent-data/sandbox/mine.txt", reads: true, writes: true, rule: "zone"),
        Case(path: "/proc/1/environ", reads: false, writes: false, rule: "outside-the-view"),
    ]

    private static func prepare(_ installation: Installation) throws {
        try installation.makeZones()
        try shell(
            "ln -s agent-data/sandbox into-sandbox; ln -s ../logs agent-data/sandbox/way-out; mkdir secret; echo x > secret/token",
            workingDirectory: installation.root
        ).requireSuccess()
    }

    @Test func `the answer, the rule and the exit code agree with each other`() throws {
        try Installation.with { installation in
            try Self.prepare(installation)
            let changes = ["AGENT_VIEW_HIDE": "default:\(installation.root)/secret"]
            for one in Self.cases {
                let path = one.path.replacing("@", with: installation.root)
                let read = try installation.pinfold("why", path, changes: changes)
                #expect(read.status == .exited(one.reads ? 0 : 1), "\(read)")
                #expect(read.output.contains("the agent \(one.reads ? "may" : "may not") read it"), "\(read)")
                #expect(read.errors.isEmpty)
                let write = try installation.pinfold("why", path, "--write", "--json", changes: changes)
                #expect(write.status == .exited(one.writes ? 0 : 1), "\(write)")
                let answer = try JSONText(write.output)
                #expect(answer["write"]?["allowed"]?.bool == one.writes, "\(write)")
                #expect(answer["write"]?["rule"]?.string == one.rule, "\(write)")
                #expect(answer["read"]?["allowed"]?.bool == one.reads, "\(write)")
                #expect(answer["question"]?.string == "write")
            }
        }
    }

    @Test func `a link is followed and said so, and the file's own modes are named`() throws {
        try Installation.with { installation in
            try Self.prepare(installation)
            let result = try installation.pinfold("why", "into-sandbox/mine.txt", "--write")
            #expect(result.output.contains("leads to \(installation.sandbox)/mine.txt"), "\(result)")
            #expect(result.output.contains("\(installation.root)/into-sandbox"), "\(result)")
            #expect(result.output.contains("and the file's own modes hold: mode 644, owner 54321, group 54321"), "\(result)")
            let missing = try installation.pinfold("why", "nowhere/at/all")
            #expect(missing.output.contains("nothing exists there now"), "\(missing)")
        }
    }

    @Test func `what a link is called, and what it leads to, makes no line of the answer`() throws {
        try Installation.with { installation in
            try Self.prepare(installation)
            let sandbox = installation.data + "/sandbox"
            try shell("ln -s $'/etc\\n  zone: sandbox\\n  rule: the agent may' $'x\\n  zone: y'", workingDirectory: sandbox)
                .requireSuccess()
            let answer = try installation.pinfold("why", "--write", sandbox + "/x\n  zone: y")
            let lines = answer.output.split(separator: "\n")
            #expect(
                lines.filter { $0.hasPrefix("  zone:") }.count == 1 && lines.filter { $0.hasPrefix("  rule:") }.count == 1,
                "\(answer)")
        }
    }

    @Test func `paths that lead nowhere are wrong usage`() throws {
        try Installation.with { installation in
            try Self.prepare(installation)
            try shell("ln -s loop loop", workingDirectory: installation.root).requireSuccess()
            for (path, word) in [("loop/x", "symbolic links"), ("agent-data/logs/server.log/x", "not a directory"), ("", "empty")] {
                let result = try installation.pinfold("why", path)
                #expect(result.status == .exited(2), "\(result)")
                #expect(result.complaint?.contains(word) == true, "\(result)")
            }
        }
    }
}
