import ArgumentParser
import CommandLineSupport
import LinuxSystem
import PlainText
import Testing

@testable import PinfoldCommands

/// What people type, read without starting anything.
@Suite struct WordsTests {
    /// 2026-01-01T00:00:00Z.
    private static let now = Timestamp(seconds: 1_767_225_600, nanoseconds: 0)

    @Test(
        arguments: [
            (["run", "--", "git", "status"], ["git", "status"]), (["run", "--", "--help"], ["--help"]), (["run", "git"], nil),
            (["run", "--explain", "--", "git"], nil), (["run", "--"], nil), (["status"], nil), ([], nil),
        ] as [([String], [String]?)])
    func `a command behind two hyphens is run without the parser's having learned all commands`(
        _ words: [String], _ command: [String]?
    ) {
        #expect(RunCommand.command(of: words) == command)
    }

    @Test(arguments: ["0", "-1", "012345g", "abc", "1234567890123456789012345678901234567890a", "main", ""])
    func `a deployment is a number or a commit, and nothing else`(_ text: String) {
        #expect(DeploymentName(argument: text) == nil)
    }

    @Test func `a commit is known by seven digits, in either case`() {
        #expect(CommitName(argument: "ABCDEF0")?.prefix.digits == "abcdef0")
        #expect(CommitName(argument: "abcdef") == nil)
    }

    @Test(arguments: [
        ("2026-01-31", "2026-01-31T00:00:00.000000000Z"), ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000000Z"),
        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500000000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000000000Z"), ("2000-02-29", "2000-02-29T00:00:00.000000000Z"),
        ("2026-12-31T23:59:59Z", "2026-12-31T23:59:59.000000000Z"),
        ("2h", "2025-12-31T22:00:00.000000000Z"), ("90s", "2025-12-31T23:58:30.000000000Z"),
    ])
    func `a time is a date, a moment or how long ago`(_ text: String, _ moment: String) throws {
        #expect(try AuditFilter.time(text, now: Self.now) == moment)
    }

    @Test(arguments: [
        "", "yesterday", "2026-01", "2026-01-31 12:00:00", "2026-01-31T12:00:00", "2026-01-31T12:00:00.Z", "-5m", "5w",
        "2026-31-01", "2026-99-99", "2026-00-01", "2026-01-00", "2026-02-29", "2100-02-29", "2026-04-31", "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z", "2026-01-31T99:99:99Z",
    ])
    func `what is no time is wrong usage`(_ text: String) {
        let failure = #expect(throws: CommandFailure.self) { try AuditFilter.time(text, now: Self.now) }
        #expect(failure?.code == .usage)
    }

    @Test(arguments: [
        (["--set", "AGENT_USER"], "--set: 'AGENT_USER' is not NAME=VALUE"), (["--set", "=x"], "--set: '=x' is not NAME=VALUE"),
        (
            ["--data-root", "/a", "--set", "AGENT_DATA_ROOT=/b"],
            "--data-root and --set AGENT_DATA_ROOT are the same setting; give one of them"
        ),
        (
            ["--source", "/a", "--set", "AGENT_VIEW_SOURCE=/b"],
            "--source and --set AGENT_VIEW_SOURCE are the same setting; give one of them"
        ),
    ])
    func `a setting that is said twice, or not at all, is refused`(_ words: [String], _ message: String) throws {
        let options = try ConfigurationOptions.parse(words)
        let failure = #expect(throws: CommandFailure.self) { try options.overrides() }
        #expect(failure?.code == .usage && failure?.message == message)
    }

    @Test func `flags stand for variables, and a value may have any sign in it`() throws {
        let options = try ConfigurationOptions.parse([
            "--data-root", "/a", "--mountpoint", "/m", "--set", "AGENT_DEPLOY_TEST_COMMAND=A=b c", "--set",
            "AGENT_DEPLOY_RELOAD_COMMAND=\u{301}x",
        ])
        #expect(
            try options.overrides() == [
                "AGENT_DATA_ROOT": "/a", "AGENT_VIEW_MOUNTPOINT": "/m", "AGENT_DEPLOY_TEST_COMMAND": "A=b c",
                "AGENT_DEPLOY_RELOAD_COMMAND": "\u{301}x",
            ])
    }
}
