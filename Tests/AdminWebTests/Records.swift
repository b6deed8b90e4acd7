import AdminInterface
import DeployModel

/// Records in which every text is hostile.
enum Records {
    static let evil = "<script>alert('x')</script>\u{202E}\u{1B}[2J"
    static let moment = Timestamp(milliseconds: 1_767_225_600_123)

    static func commit(_ digit: Character = "a") throws -> CommitID {
        guard let commit = CommitID(String(repeating: digit, count: 40)) else { throw CancellationError() }
        return commit
    }

    static func deployment() throws -> Deployment {
        var whole = Deployment(id: 7, kind: .commit, commit: try commit(), detected: moment)
        whole.state = .awaitingApproval
        whole.stage = .approve
        whole.tree = evil
        whole.subject = evil
        whole.author = evil
        whole.base = try commit("b")
        whole.reason = evil
        whole.advice = evil
        whole.steps = [StepRecord(stage: .takeIn, started: moment, ended: moment, note: evil)]
        whole.surface = ["M conftest.py", "A \(evil)"]
        whole.hints = HintList([Hint(kind: .ending, path: evil, line: 3, text: evil)], unread: [evil])
        whole.standIns = StandIns(count: 1, paths: [evil], new: [evil])
        var verdict = TestVerdict(passed: true, basis: .report, reason: evil)
        verdict.command = evil
        (verdict.passedCount, verdict.skippedCount, verdict.vanishedCount) = (5, 2, 3)
        verdict.failed = [evil]
        verdict.vanished = [evil]
        whole.verdict = verdict
        whole.verdictWithDeployedSurface = TestVerdict(passed: false, basis: .exitCode, reason: evil)
        var bite = Bite(.numb, reason: evil)
        bite.numb = [evil]
        bite.numbCount = 1
        whole.bite = bite
        whole.approvalReasons = [.testSurface, .numbTests]
        whole.requestedBy = evil
        whole.requestReason = evil
        whole.forcedBy = evil
        whole.approval = Approval(commit: try commit(), tree: evil, by: evil, at: moment)
        whole.backup = evil
        whole.release = evil
        whole.push = PushRecord(remote: evil, attempts: 1, done: false, error: evil, next: moment)
        return whole
    }

    /// With a passkey, so that the review has its form; a comment is free text.
    static func policy() throws -> ApprovalPolicy {
        let (id, key) = (String(repeating: "A", count: 43), String(repeating: "A", count: 124))
        return try ApprovalPolicy(
            parsing: """
                [person ada]
                author = \(evil)
                passkey = \(id) \(key) \(evil)
                [rule tests]
                paths = \(evil.replacing("/", with: "-").replacing("[", with: "("))
                from = ada
                expires = 1h
                [rule rest]
                from = root
                """, digest: "p1")
    }

    /// What is asked, with an answer that no longer counts.
    static func progress() throws -> ApprovalProgress {
        var asked = try deployment()
        asked.shown = "d1"
        let claim = AnswerClaim(person: "ada", proof: .passkey, key: evil)
        var answer = PersonAnswer(
            .approve, by: claim, of: Caller(role: .admin, uid: 0, name: evil), on: asked, tree: evil, policy: "p1", at: moment)
        answer.void = evil
        asked.answers = [answer]
        return ApprovalProgress(of: asked, by: .success(try policy()), at: moment)
    }

    static func status() throws -> StatusDocument {
        var status = StatusDocument(revision: 4, updated: moment, branch: evil, target: evil)
        status.deployed = StatusDocument.DeployedVersion(
            deployment: 3, commit: try commit("b"), tree: evil, release: evil, since: moment, origin: 3)
        status.lastKnownGood = status.deployed
        status.current = try deployment()
        status.waiting = StatusDocument.Waiting(
            deployment: 7, commit: try commit(), tree: evil, reasons: [.testSurface], files: [evil], since: moment, answers: [evil],
            approval: try progress())
        status.hold = Hold(reason: evil, by: evil, since: moment)
        status.quarantine = [Quarantine(commit: try commit("c"), tree: evil, good: nil, reason: evil, since: moment)]
        status.rules = [evil]
        status.warnings = [evil]
        return status
    }

    /// The change of a first commit.
    static let whole = Array(
        "diff --git a/first.py b/first.py\nnew file mode 100644\n--- /dev/null\n+++ b/first.py\n@@ -0,0 +1 @@\n+first\n".utf8)

    /// As large as records become.
    static func hugeDeployment() throws -> Deployment {
        var huge = try deployment()
        let path = String(repeating: "very/long/", count: 40) + evil
        huge.surface = (0..<200).map { "M \(path)/\($0)" }
        huge.hints = HintList((0..<200).map { Hint(kind: .ending, path: path, line: $0 + 1, text: evil + path) }, unread: [path])
        huge.subject = String(repeating: evil, count: 200)
        huge.verdict?.failed = (0..<200).map { "\(path)::\($0)" }
        huge.verdict?.vanished = (0..<200).map { "\(path)::\($0)" }
        huge.reason = String(repeating: path, count: 20)
        return huge
    }

    static func hugeStatus() throws -> StatusDocument {
        var huge = try status()
        huge.current = try hugeDeployment()
        huge.waiting?.files = huge.current?.surface ?? []
        huge.quarantine = Array(repeating: huge.quarantine[0], count: 500)
        huge.warnings = (0..<100).map { "\($0) \(evil)" }
        return huge
    }

    /// More files, lines, and letters in a line than a page shows at once.
    static let hugeChange: [UInt8] = {
        var text = ""
        for file in 0..<300 {
            let lines = file == 0 ? 4000 : 50
            text +=
                "diff --git a/part\(file).py b/part\(file).py\n--- a/part\(file).py\n+++ b/part\(file).py\n@@ -0,0 +1,\(lines) @@\n"
            for line in 0..<lines { text += "+value_\(line) = '\(line % 50 == 7 ? String(repeating: "x", count: 5000) : evil)'\n" }
        }
        return Array(text.utf8)
    }()

    static let events = [
        Event(at: moment, who: evil, what: evil, outcome: "refused: \(evil)"),
        Event(at: moment, who: "root (uid 0)", what: "hold", outcome: "done"),
    ]

    static let change = Array(
        """
        diff --git a/app.py b/app.py
        --- a/app.py
        +++ b/app.py
        @@ -1 +1 @@
        -a
        +\(evil)
        diff --git a/conftest.py b/conftest.py
        --- a/conftest.py
        +++ b/conftest.py
        @@ -1 +1 @@
        -assert strict
        +assert lax

        """.utf8)
}
