import DeployModel
import FoundationEssentials
import PlainText
import Testing

struct RecordTests {
    private let commit = CommitID("0123456789abcdef0123456789abcdef01234567")!

    @Test(arguments: ["", "abc", "0123456789ABCDEF0123456789abcdef01234567", "0123456789abcdef0123456789abcdef0123456g"])
    func `only forty lower-case digits are a commit`(_ text: String) {
        #expect(CommitID(text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_123, "2000-02-29T00:00:00.123Z"),
        (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
        (4_102_444_800_000, "2100-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func `a moment is written in UTC and read back`(_ milliseconds: Int, _ text: String) {
        #expect(Timestamp(milliseconds: Int64(milliseconds)).description == text)
        #expect(Timestamp(text)?.milliseconds == Int64(milliseconds))
    }

    @Test func `a deployment survives the way through JSON`() throws {
        var deployment = Deployment(id: 7, kind: .rollback(to: 3), commit: commit, detected: Timestamp(milliseconds: 1))
        deployment.verdict = TestVerdict(passed: true, basis: .exitCode, reason: "weak")
        deployment.approvalReasons = [.testSurface]
        deployment.approval = Approval(commit: commit, tree: "t", by: "root", at: Timestamp(milliseconds: 2))
        deployment.steps = [StepRecord(stage: .backUp, started: Timestamp(milliseconds: 3), ended: Timestamp(milliseconds: 4))]
        #expect(try DeployJSON.decode(Deployment.self, from: DeployJSON.encode(deployment)) == deployment)
    }

    @Test func `a record stays small whatever names the agent gives, and says how much it does not list`() throws {
        let names = (0..<300).map { number in (0..<3990).map { _ in "\\u{1}" }.joined() + "\(number)" }
        var deployment = Deployment(id: 7, kind: .commit, commit: commit, detected: Timestamp(milliseconds: 1))
        deployment.changes = ChangeSummary(added: names.count, modified: 0, deleted: 0, paths: names.map { "A \($0)" })
        deployment.surface = names.listed(ChangeSummary.listed)
        deployment.unlistedSurface = unlisted(deployment.surface, of: names.count)
        deployment.standIns = StandIns(count: names.count, paths: names, new: names)
        deployment.client = ClientRecord(files: 1, bytes: 1, newHosts: names, serviceWorker: nil)
        let path = String(repeating: "\u{1}", count: 3990)
        deployment.hints = HintList((0..<99).map { Hint(kind: .ending, path: path, line: $0, text: path) }, unread: names)
        let size = try DeployJSON.encode(deployment).count
        #expect(size < 1 << 20, "\(size)")
        let lists = [
            (deployment.surface.count, deployment.unlistedSurface),
            (deployment.standIns?.new.count ?? 0, deployment.standIns?.unlistedNew),
            (deployment.client?.newHosts.count ?? 0, deployment.client?.unlistedHosts),
            (deployment.hints?.unread.count ?? 0, deployment.hints?.unlistedUnread),
        ]
        for (listed, rest) in lists { #expect(listed > 0 && listed + (rest ?? 0) == names.count) }
        let short = ["a", "b"]
        #expect(short.listed(2) == short && short.listed(1) == ["a"] && unlisted(short, of: 2) == nil)
        // One that is too long by itself is listed, alone.
        #expect([path + path + names[0] + names[1] + names[2], "b"].listed(5).count == 1)
    }

    @Test func `the action's answer has exactly the six fields of the design`() throws {
        let deployment = Deployment(id: 1, kind: .commit, commit: commit, detected: Timestamp(milliseconds: 1))
        let text = String(decoding: try DeployJSON.encode(DeployAgentCodeOutput(deployment)), as: UTF8.self)
        #expect(
            text
                == #"{"backup_location":"","commit_hash":"\#(commit)","deployed":false,"human_approval_required":false,"success":false,"tests_passed":false}"#
        )
    }

    @Test func `what would act on a terminal is an escape in JSON, and comes back`() throws {
        let hostile = "a\u{1B}[31mb\u{202E}c\u{9b}2J\u{2028}\u{200b}\u{e0041}\n"
        let text = String(decoding: try DeployJSON.encode([hostile], pretty: true), as: UTF8.self)
        #expect(text.unicodeScalars.allSatisfy { $0.isPlain || $0 == "\n" }, "\(text)")
        #expect(try DeployJSON.decode([String].self, from: Data(text.utf8)) == [hostile])
    }

    @Test func `each error knows its exit code`() {
        #expect(DeployError.refused("").exitCode == 1)
        #expect(DeployError.usage("").exitCode == 2)
        #expect(DeployError.waiting("").exitCode == 3)
        #expect(DeployError.unavailable("").exitCode == 4)
    }
}
