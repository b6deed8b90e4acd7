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

    static func status() throws -> StatusDocument {
        var status = StatusDocument(revision: 4, updated: moment, branch: evil, target: evil)
        status.deployed = StatusDocument.DeployedVersion(
            deployment: 3, commit: try commit("b"), tree: evil, release: evil, since: moment, origin: 3)
        status.lastKnownGood = status.deployed
        status.current = try deployment()
        status.waiting = StatusDocument.Waiting(
            deployment: 7, commit: try commit(), tree: evil, reasons: [.testSurface], files: [evil], since: moment, answers: [evil])
        status.hold = Hold(reason: evil, by: evil, since: moment)
        status.quarantine = [Quarantine(commit: try commit("c"), tree: evil, good: nil, reason: evil, since: moment)]
        status.rules = [evil]
        status.warnings = [evil]
        return status
    }

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
