import DataRoot
import Patterns
import Testing
import ZonePolicy

@Suite struct `What why says` {
    @Test func `names zone, rule and pattern`() throws {
        let subject = try PolicyUnderTest()
        let config = subject.policy.explain(subject.names("/opt/agent-data/code-repo/.git/config"), .write)
        #expect(config.zone == .codeRepo)
        #expect(config.decision.refusal?.rule.rawValue == "protected-name")
        #expect(config.decision.refusal?.pattern == ".git/config")
        #expect(config.decision.refusal?.sentence.contains("AGENT_PROTECT") == true)

        let shadow = subject.policy.explain(subject.names("/etc/shadow"), .read)
        #expect(shadow.decision.refusal?.errno == ENOENT)
        #expect(shadow.decision.refusal?.pattern == "/etc/shadow*")

        let key = subject.policy.explain(subject.names("/home/me/.ssh/id_ed25519"), .read)
        #expect(key.decision.refusal?.pattern == "**/.ssh/id_*")

        let hosts = subject.policy.explain(subject.names("/etc/hosts"), .write)
        #expect(hosts.decision.refusal?.rule == .readOnlyView)
        #expect(subject.policy.explain(subject.names("/etc/hosts"), .read).decision == .allowed)
    }

    @Test func `says which directory above decided`() throws {
        let subject = try PolicyUnderTest()
        #expect(subject.policy.explain(subject.names("/root/.ssh/a/b"), .read).decidedAt == 2)
        #expect(subject.policy.explain(subject.names("/opt/agent-data/code-repo/.git/hooks/x/y"), .write).decidedAt == 5)
        #expect(subject.policy.explain(subject.names("/etc/hosts"), .read).decidedAt == 2)
    }

    @Test func `names a pattern that reaches into a zone, and none that cannot`() throws {
        #expect(try PolicyUnderTest().policy.patternReaching(into: .sandbox) == nil)
        #expect(try PolicyUnderTest().policy.patternReaching(into: .codeRepo) != nil)
        let reaching = ["/opt/agent-data/sandbox/key", "/opt/agent-data/*/key", "/**/key", "/opt/*/sandbox/**"]
        for pattern in reaching {
            #expect(try PolicyUnderTest(hide: [pattern], protect: []).policy.patternReaching(into: .sandbox) == pattern)
            #expect(try PolicyUnderTest(hide: [], protect: [pattern]).policy.patternReaching(into: .sandbox) == pattern)
        }
        for pattern in ["/opt/agent-data/code-repo/key", "/opt/other/**", "**/key"] {
            #expect(try PolicyUnderTest(hide: [pattern], protect: []).policy.patternReaching(into: .sandbox) == nil)
        }
        #expect(try PolicyUnderTest(hide: [], protect: ["key", "a/key"]).policy.patternReaching(into: .sandbox) == nil)
    }

    @Test func `every default pattern can be read and has a reason`() throws {
        for pattern in DefaultPattern.protect + DefaultPattern.hide + DefaultPattern.alwaysHidden(in: DataRoot("/d")) {
            _ = try Glob(pattern.pattern)
            #expect(!pattern.reason.isEmpty)
        }
        #expect(Set(Rule.allCases.map(\.sentence)).count == Rule.allCases.count)
    }
}
