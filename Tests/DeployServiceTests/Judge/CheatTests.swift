import AdminInterface
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// Commits that cheat and commits that do not, through the whole daemon: what deploys was passed by tests that the agent did not touch, or seen by a human.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct CheatTests {
    @Test(arguments: JudgedProject.all)
    func `a commit that cheats is seen, and an honest one deploys`(project: JudgedProject) async throws {
        // Two at once: most of the time is the start of a runner.
        let halves = [0, 1].map { half in project.commits.indices.filter { $0 % 2 == half }.map { project.commits[$0] } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for half in halves where !half.isEmpty { group.addTask { try await judge(half, of: project) } }
            try await group.waitForAll()
        }
    }

    /// A cheat that deceives nobody would show nothing: its tests would fail by themselves.
    @Test(arguments: JudgedProject.all.filter { $0.plain != nil })
    func `a cheat of the corpus passes where nobody guards the run, and a broken program does not`(project: JudgedProject) throws {
        try withTemporaryDirectory { root in
            let farm = try Farm(root)
            // Compilers keep what they made there.
            let home = root + "/home"
            try makeDirectories(home)
            try run("chown", ["\(farm.uid)", home]).requireSuccess()
            for commit in project.commits where commit.deceives || commit.kind == "broken" {
                let place = root + "/plain"
                try makeDirectories(place)
                try write(project.files + commit.changes, to: place)
                try run("chown", ["-R", "\(farm.uid)", place]).requireSuccess()
                let finished = try run(
                    "bwrap",
                    [
                        "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--die-with-parent", "--", "setpriv",
                        "--reuid=\(farm.uid)", "--regid=\(farm.uid)", "--clear-groups", "--", "sh", "-c", project.plain ?? "",
                    ],
                    environment: [
                        "HOME": home, "TMPDIR": home, "PINFOLD_TEST_REPORT": place + "/report.xml",
                        "PATH": "/usr/local/bin:/usr/bin:/bin",
                    ],
                    workingDirectory: place)
                #expect(finished.status.isSuccess == commit.deceives, "\(project), \(commit)\n\(finished)")
                try run("rm", ["-rf", place]).requireSuccess()
            }
        }
    }

    @Test func `every cheat that deploys unseen is named in the documentation`() throws {
        let here = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let page = try readFile(here + "/Docs/Deploying.md")
        let left = JudgedProject.all.flatMap { project in project.commits.filter { $0.expectation == .left } }
        #expect(!left.isEmpty)
        for commit in left { #expect(page.contains("`\(commit.name)`"), "\(commit)") }
    }

    @Test func `there are as many honest commits as cheats that deceive`() {
        let commits = JudgedProject.all.flatMap(\.commits)
        #expect(commits.count(where: \.isHonest) >= commits.count(where: \.deceives))
    }

    private func judge(_ commits: [JudgedCommit], of project: JudgedProject) async throws {
        try await configured {
            $0.settings.tests.command = project.command
            // A compiler takes its time beside other work.
            $0.settings.tests.timeout = 240
        }.run { farm, service in
            let base = try await service.deployed(farm.commit(project.files, on: nil), seconds: 300)
            for commit in commits {
                let deployment = try await service.outcome(of: farm.commit(commit.changes, on: base.commit), seconds: 300)
                let happened = Happened(deployment)
                let log = try happened == .deployed ? "" : service.log(deployment.id).text.suffix(1500)
                #expect(
                    happened.isRight(commit.expectation),
                    """
                    \(project), \(commit): \(commit.sentence)
                    expected: \(commit.expectation), but it was \(happened)
                    \(log)
                    """)
                guard deployment.state == .deployed else { continue }
                // The next one is compared with the same version.
                let back = try await service.rollback(to: base.id, by: admin)
                let settled = try await service.settled(back.id)
                guard settled.state == .deployed else { throw TestFailure("the way back: \(settled.reason ?? "")") }
            }
        }
    }

    private func write(_ changes: [JudgedChange], to place: String) throws {
        for change in changes {
            let path = place + "/" + change.path
            try run("rm", ["-rf", path]).requireSuccess()
            if change.content == .removed { continue }
            try makeDirectories(path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 })
            switch change.content {
            case .text(let text):
                try writeFile(path, text)
                if text.hasPrefix("#!") { try run("chmod", ["755", path]).requireSuccess() }
            case .link(let target): try run("ln", ["-s", target, path]).requireSuccess()
            case .submodule: try makeDirectories(path)
            case .removed: break
            }
        }
    }
}

/// What became of a commit.
private enum Happened: Equatable, CustomStringConvertible {
    case deployed
    case asked([ApprovalReason], detail: String)
    case ended(DeploymentState, at: Stage, String)

    init(_ deployment: Deployment) {
        switch deployment.state {
        case .deployed where deployment.approvalReasons.isEmpty: self = .deployed
        case .awaitingApproval:
            let detail = deployment.surface + (deployment.hints?.lines ?? []) + (deployment.verdict?.vanished ?? [])
            self = .asked(deployment.approvalReasons, detail: detail.joined(separator: "; "))
        default: self = .ended(deployment.state, at: deployment.stage, deployment.reason ?? "")
        }
    }

    func isRight(_ expectation: JudgedCommit.Expectation) -> Bool {
        switch (expectation, self) {
        case (.seen, .asked), (.fails, .asked), (.deploys, .deployed), (.left, .deployed): true
        case (.seen, .ended(.failed, at: .test, _)), (.fails, .ended(.failed, at: .test, _)): true
        case (.asks(let reason), .asked(let reasons, _)): reasons.map(\.rawValue) == [reason]
        default: false
        }
    }

    var description: String {
        switch self {
        case .deployed: "deployed, and nobody was asked"
        case .asked(let reasons, let detail): "asked: \(reasons.map(\.rawValue).joined(separator: ", ")): \(detail)"
        case .ended(let state, let stage, let reason): "\(state.rawValue) at \(stage.rawValue): \(reason)"
        }
    }
}

extension Farm {
    /// Commits changes to `base`, or a first tree, and makes that the branch's tip.
    fileprivate func commit(_ changes: [JudgedChange], on base: CommitID?) throws -> CommitID {
        var stream = "commit refs/heads/main\ncommitter Agent <agent@localhost> \(1_700_000_000) +0000\ndata 6\nchange\n"
        if let base { stream += "from \(base.hex)\n" }
        for change in changes {
            switch change.content {
            case .text(let text):
                let mode = text.hasPrefix("#!") ? "100755" : "100644"
                stream += "M \(mode) inline \(change.path)\ndata \(text.utf8.count)\n\(text)\n"
            case .link(let target): stream += "M 120000 inline \(change.path)\ndata \(target.utf8.count)\n\(target)\n"
            case .submodule(let id): stream += "M 160000 \(id) \(change.path)\n"
            case .removed: stream += "D \(change.path)\n"
            }
        }
        try run(
            "git", ["-C", codeRepo, "fast-import", "--quiet", "--force"], environment: ["HOME": "/nonexistent"], user: (uid, uid),
            input: stream
        ).requireSuccess()
        return try head()
    }
}
