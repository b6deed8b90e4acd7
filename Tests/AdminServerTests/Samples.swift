import AdminInterface
import DeployModel

/// Records with every field that they can have, and with none that they need not have.
enum Samples {
    static let moment = Timestamp(milliseconds: 1_767_225_600_123)
    static let commit = CommitID("0123456789abcdef0123456789abcdef01234567").unsafelyPresent
    static let other = CommitID("89abcdef0123456789abcdef0123456789abcdef").unsafelyPresent
    static let tree = "fedcba9876543210fedcba9876543210fedcba98"

    static func deployment(_ id: Int = 7, _ state: DeploymentState = .detected) -> Deployment {
        var deployment = Deployment(id: id, kind: .commit, commit: commit, detected: moment)
        deployment.state = state
        return deployment
    }

    static let reload = ReloadRecord(
        tier: .reloaded, processes: 3, modules: ["srv.app"], pauseMilliseconds: 12, refusal: "r")

    static var wholeDeployment: Deployment {
        var whole = Deployment(id: 7, kind: .rollback(to: 3), commit: commit, detected: moment)
        whole.tree = tree
        whole.subject = "Add a route"
        whole.author = "Agent <agent@localhost>"
        whole.base = other
        whole.state = .failed
        whole.stage = .check
        whole.reason = "it is not healthy"
        whole.advice = "look at the logs"
        whole.ended = moment
        whole.steps = [StepRecord(stage: .takeIn, started: moment, ended: moment, note: "3 objects")]
        whole.changes = ChangeSummary(added: 1, modified: 2, deleted: 3, paths: ["A new.py"])
        whole.surface = ["M conftest.py"]
        whole.unlistedSurface = 1
        whole.hints = HintList([Hint(kind: .ending, path: "a.py", line: 3, text: "os._exit(0)")], unread: ["b.py"])
        whole.hints?.unlistedUnread = 1
        whole.standIns = StandIns(count: 1, paths: ["model.bin: a Git LFS pointer"], new: ["model.bin: a Git LFS pointer"])
        whole.client = ClientRecord(files: 3, bytes: 4096, newHosts: ["cdn.example"], serviceWorker: .appears)
        whole.client?.unlistedHosts = 1
        whole.verdict = verdict
        whole.verdictWithDeployedSurface = verdict
        whole.bite = bite
        whole.approvalReasons = [.testSurface]
        whole.approval = approval
        whole.answers = [wholeAnswer]
        whole.makers = MakerList([Maker(name: "Agent", email: "agent@localhost")], isCut: false)
        whole.shown = "d1"
        whole.forcedBy = "root"
        whole.forceReason = "at night"
        whole.letFinish = "5 runs before it were called off"
        whole.unrecordedMoves = 2996
        whole.askedAgain = 2
        whole.requestedBy = "root"
        whole.requestReason = "not healthy"
        whole.isBlameless = true
        whole.backup = "/data/deployments/backups/1"
        whole.release = "/data/deployments/releases/1"
        whole.reload = reload
        whole.push = PushRecord(remote: "origin", attempts: 1, done: false, error: "refused", next: moment)
        return whole
    }

    static var verdict: TestVerdict {
        var verdict = TestVerdict(passed: false, basis: .report, reason: "1 of 2 failed")
        verdict.command = "pytest"
        verdict.failed = ["a::b"]
        verdict.vanished = ["a::c"]
        verdict.vanishedCount = 1
        return verdict
    }

    static var bite: Bite {
        var bite = Bite(.numb, reason: "it ended with 0")
        bite.numb = ["a::b"]
        bite.numbCount = 1
        bite.durationMilliseconds = 3
        return bite
    }

    static var approval: Approval {
        var approval = Approval(commit: commit, tree: tree, by: "root", at: moment)
        approval.used = moment
        return approval
    }

    private static let root = Caller(role: .admin, uid: 0, name: "root")

    static var wholeAnswer: PersonAnswer {
        let claim = AnswerClaim(
            person: "ada", proof: .sshsig, key: "ssh-ed25519 …A", signature: "-----BEGIN", tree: tree, shown: "d1",
            voided: 1)
        var given = Deployment(id: 7, kind: .commit, commit: commit, detected: moment)
        given.base = other
        given.shown = "d1"
        var answer = PersonAnswer(.approve, by: claim, of: root, on: given, tree: tree, policy: "p1", at: moment, expires: moment)
        answer.void = "it has expired"
        return answer
    }

    static let passkey = PasskeyAssertion(
        id: "i", clientData: "c", authenticatorData: "a", signature: "s", origin: "http://pa.pinfold.localhost:1")

    static var bareAnswer: PersonAnswer {
        PersonAnswer(.approve, by: .peer(), of: root, on: deployment(), tree: tree, policy: "none", at: moment)
    }

    static var wholeProgress: ApprovalProgress {
        var waiting = deployment(7, .awaitingApproval)
        (waiting.tree, waiting.base, waiting.shown, waiting.answers) = (tree, other, "d1", [wholeAnswer])
        waiting.approvalReasons = [.historyRewritten]
        var progress = ApprovalProgress(of: waiting, by: .success(.rootAlone), at: moment)
        progress.fault = "line 1"
        return progress
    }

    static var bareProgress: ApprovalProgress { ApprovalProgress(of: deployment(), by: .success(.rootAlone), at: moment) }

    static func policy(isWhole: Bool) -> PolicyAnswer {
        guard isWhole else { return PolicyAnswer(.success(.rootAlone), file: nil, waiting: nil, at: moment) }
        let text = "[person ada]\n[rule all]\nfrom = ada\nexpires = 1m\n"
        let policy = (try? ApprovalPolicy(parsing: text, digest: "p1")).unsafelyPresent
        var answer = PolicyAnswer(.success(policy), file: "/etc/pinfold/approval.policy", waiting: wholeStatus.waiting, at: moment)
        answer.fault = "line 1"
        return answer
    }

    static var wholeStatus: StatusDocument {
        var status = StatusDocument(revision: 4, updated: moment, branch: "main", target: "/data/deployments/current")
        status.tip = commit
        status.lastNumber = 7
        status.deployed = version
        status.lastKnownGood = version
        status.current = wholeDeployment
        status.last = wholeDeployment
        status.waiting = StatusDocument.Waiting(
            deployment: 7, commit: commit, tree: tree, reasons: [.testSurface], files: ["conftest.py"], since: moment,
            answers: ["pinfold approve \(commit)"], approval: wholeProgress)
        status.hold = hold
        status.quarantine = [quarantine]
        status.rules = ["tests are required"]
        status.pushWarning = "deployment 6 is not pushed: git.example.org says no"
        status.warnings = ["the disk is full", "deployment 6 is not pushed: git.example.org says no"]
        return status
    }

    static var emptyStatus: StatusDocument {
        StatusDocument(revision: 1, updated: moment, branch: "main", target: "/data/deployments/current")
    }

    static var version: StatusDocument.DeployedVersion {
        StatusDocument.DeployedVersion(
            deployment: 3, commit: other, tree: tree, release: "/data/deployments/releases/1", since: moment, origin: 3)
    }

    static var pathRules: PathRules {
        PathRules(
            zone: "code-repo", read: PathRule(allowed: true, rule: "zone", sentence: "s"),
            write: PathRule(allowed: false, rule: "protected-name", sentence: "s", errno: 1, pattern: ".git/hooks"))
    }

    static var workspace: Workspace {
        Workspace(
            codeRepo: "/data/code-repo", sandbox: "/data/sandbox", temporary: "/tmp", guide: "/data/AGENTS.md", branch: "main",
            network: "host", testCommand: "make check", testTimeoutSeconds: 300, rules: ["tests are required"],
            protected: [".git/hooks"])
    }

    static var bareWorkspace: Workspace {
        var bare = workspace
        (bare.branch, bare.testCommand) = (nil, nil)
        return bare
    }

    static var hold: Hold { Hold(reason: "a holiday", by: "root", since: moment) }
    static var quarantine: Quarantine { Quarantine(commit: other, tree: tree, good: commit, reason: "unhealthy", since: moment) }
    static var event: Event { Event(at: moment, who: "root (uid 0)", what: "approve", outcome: "done") }
}

extension Optional {
    /// A literal in a test that cannot be wrong.
    var unsafelyPresent: Wrapped {
        guard let self else { fatalError("a sample is wrong") }
        return self
    }
}
