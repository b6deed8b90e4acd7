import CLinux
import DataRoot
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct CommitTests {
    @Test func `a commit is tested, backed up, switched to and recorded`() async throws {
        try await withFarm { farm, service in
            let first = try farm.commit(["app.py": "print(1)\n"], "first\u{1B}[31m")
            let one = try await service.deployed(first)
            #expect(try farm.deployed("app.py") == "print(1)\n")
            #expect(one.backup == nil)
            #expect(
                one.steps.map(\.stage) == [
                    .takeIn, .export, .classify, .test, .buildClient, .approve, .backUp, .build, .publishAssets, .switch, .reload,
                    .publishIndex, .check,
                ])

            let second = try farm.commit(["app.py": "print(2)\n", "lib/a.py": "x = 1\n"])
            let two = try await service.deployed(second)
            #expect(try farm.deployed("app.py") == "print(2)\n")
            let backup = try #require(two.backup)
            #expect(backup.hasSuffix(first.short))
            #expect(try readFile(backup + "/tree/app.py") == "print(1)\n")
            #expect(two.changes?.added == 1)
            #expect(two.changes?.modified == 1)

            let status = try readFile(farm.deployments + "/status.json")
            #expect(status.contains("\"commit\" : \"\(second)\""))
            #expect(!exists(farm.deployments + "/human_approval_required.flag"))
        }
    }

    @Test func `what fails its tests is not deployed`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let bad = try farm.commit(["broken": "", "a": "2"])
            let outcome = try await service.outcome(of: bad)
            #expect(outcome.state == .failed)
            #expect(outcome.stage == .test)
            #expect(outcome.verdict?.passed == false)
            #expect(try farm.deployed("a") == "1")
            try await service.deployed(farm.commit(["broken": nil, "a": "3"]))
            #expect(try farm.deployed("a") == "3")
        }
    }

    @Test func `amend, merge, rebase, packed refs, a worktree and a branch that comes later are all seen`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try farm.agent(
                "git checkout -q -b side && echo 2 > b && git add b && git commit -qm side && git checkout -q main && git merge -q --no-ff -m merge side"
            )
            try await service.deployed(farm.head())
            try farm.agent("git pack-refs --all && git gc -q")
            try await service.deployed(farm.commit(["a": "2"]))
            try farm.agent(
                "git checkout -q side && git worktree add -q tree main && cd tree && echo 3 > a && git add a && git commit -qm worktree"
            )
            try await service.deployed(farm.head(of: "main"))
            try farm.agent("git worktree remove --force tree && git checkout -q main && git commit -q --amend -m amended")
            let amended = try await service.outcome(of: farm.head())
            #expect(amended.approvalReasons == [.historyRewritten])
            _ = try await service.approve(amended.commit.hex, by: admin)
            try await service.deployed(amended.commit)
            try farm.agent("git commit -q --allow-empty -m empty")
            try await service.deployed(farm.head())
        }
    }

    @Test func `of many commits in a row the last is deployed and every one that was seen is in the history`() async throws {
        try await configured { $0.settings.tests.command = "sleep 0.2" }.run { farm, service in
            try farm.agent("for i in $(seq 100); do echo $i > a; git add a; git commit -qm $i; done")
            let last = try farm.head()
            try await service.deployed(last)
            #expect(try farm.deployed("a") == "100\n")
            let history = try service.history(limit: 100)
            #expect(history.first?.commit == last)
            #expect(history.dropFirst().allSatisfy { $0.state == .superseded || $0.state == .deployed })
        }
    }

    @Test func `a newer commit calls off the tests of an older one`() async throws {
        try await configured { $0.settings.tests.command = "test ! -e slow || sleep 50" }.run { farm, service in
            let slow = try farm.commit(["slow": "1"])
            try await eventually("its tests run") { try service.history(limit: 1).first?.state == .testing }
            try await service.deployed(farm.commit(["slow": nil, "a": "1"]))
            #expect(try await service.outcome(of: slow).state == .superseded)
        }
    }

    @Test
    func `the record of a run that a newer commit calls off has ended before that run has, and a rollback does not wait for it`()
        async throws
    {
        let stand = Stand()
        try await withFarm(fault: stand.fault) { farm, service in
            defer { stand.goOn() }
            let first = try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            stand.hold(at: "test:inside")
            let old = try farm.commit(["a": "3"])
            try await eventually("it stands in its tests") { stand.isHeld }
            let new = try farm.commit(["a": "4"])
            try await eventually("the newer one is on record") { try service.history(limit: 1).first?.commit == new }
            let ended = try #require(try service.history(limit: 2).last)
            #expect(ended.commit == old && ended.state == .superseded && ended.reason == "\(new.short) is newer", "\(ended)")
            let back = try await service.rollback(to: first.id, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 30_000).state == .deployed)
            #expect(stand.isHeld)
        }
    }

    @Test func `of a branch that flips between two commits a few moves are recorded, with the number of the others`() async throws {
        try await withFarm { farm, service in
            let one = try farm.commit(["a": "1"])
            try await service.deployed(one)
            let other = try farm.commit(["a": "2"])
            let before = try await service.deployed(other).id
            try farm.agent(
                "for i in $(seq 300); do git update-ref refs/heads/main \(one.hex); git update-ref refs/heads/main \(other.hex); done; git update-ref refs/heads/main \(one.hex)"
            )
            var records: [Deployment] = []
            try await eventually("the branch's commit is the last record, and what was left out is counted") {
                records = try service.history(limit: 1000).filter { $0.id > before }
                return records.first?.commit == one && records.contains { $0.unrecordedMoves ?? 0 > 0 }
            }
            #expect(records.count < 20, "\(records.count)")
            // Its history no longer contains what runs.
            #expect(try await service.outcome(of: one).state == .awaitingApproval)
            // A commit that was never seen is recorded whatever went on.
            let new = try farm.commit(["a": "3"])
            try await eventually("it is on record") { try service.history(limit: 1).first?.commit == new }
        }
    }

    @Test func `a deployment of what runs already is not made twice`() async throws {
        try await withFarm { farm, service in
            let first = try await service.deployed(farm.commit(["a": "1"]))
            let second = try farm.commit(["broken": "1"])
            _ = try await service.outcome(of: second)
            try farm.git("reset", "-q", "--hard", first.commit.hex)
            try await eventually("the reset is recorded") { try service.history(limit: 1).first?.commit == first.commit }
            let again = try await service.outcome(of: first.commit)
            #expect(again.state == .superseded)
            #expect(again.reason?.contains("runs already") == true)
        }
    }

    @Test func `the deploy action commits and deploys, and force from the agent is refused and recorded`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try farm.agent("echo 2 > a; echo 3 > new")
            let started = try await service.deploy(DeployActionRequest(commitMessage: "by action"), by: admin)
            let ended = try await service.settled(started.id, withinMilliseconds: 60_000)
            #expect(ended.state == .deployed)
            #expect(ended.subject == "by action")
            #expect(ended.author == "Agent <agent@localhost>")
            #expect(try farm.deployed("new") == "3\n")
            let owner = try #require(status(farm.codeRepo + "/.git/refs/heads/main"))
            #expect(owner.st_uid == farm.uid)

            let agent = Caller(role: .agent, uid: farm.uid, name: "agent")
            await #expect(throws: DeployError.self) {
                _ = try await service.deploy(DeployActionRequest(commitMessage: "x", forceDeploy: true), by: agent)
            }
            #expect(try service.events(limit: 5).contains { $0.outcome.hasPrefix("refused") })
            // Nothing has changed: the same deployment is the answer.
            #expect(try await service.deploy(DeployActionRequest(commitMessage: "again"), by: agent).id == started.id)
        }
    }

    @Test func `the deploy action commits on the deploying branch alone, and asks for a message only where it commits`()
        async throws
    {
        try await withFarm { farm, service in
            let first = try farm.commit(["a": "1"])
            let one = try await service.deployed(first)
            // Nothing has changed: no message is asked for.
            #expect(try await service.deploy(DeployActionRequest(commitMessage: nil), by: admin).id == one.id)
            try farm.agent("git switch -q -c topic && echo 2 > a")
            for message in ["m", nil] {
                do throws(DeployError) {
                    _ = try await service.deploy(DeployActionRequest(commitMessage: message), by: admin)
                    Issue.record("it has committed on topic")
                } catch {
                    guard case .refused(let text) = error else { throw error }
                    #expect(text.contains("\(farm.codeRepo) is on the branch topic, and main"), "\(text)")
                }
            }
            #expect(try farm.head() == first)
            try farm.git("switch", "-q", "main")
            do throws(DeployError) {
                _ = try await service.deploy(DeployActionRequest(commitMessage: nil), by: admin)
                Issue.record("it has committed without a message")
            } catch {
                #expect(error.exitCode == 2 && error.message.contains("(a)"), "\(error)")
            }
            #expect(try farm.head() == first)
            // Longer than any argument of a program may be.
            let message = String(repeating: "word ", count: 40_000)
            let started = try await service.deploy(DeployActionRequest(commitMessage: message), by: admin)
            #expect(try await service.settled(started.id, withinMilliseconds: 60_000).state == .deployed)
        }
    }

    @Test func `the branch that deploys is the one that was cloned, and a restart does not forget its name`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let first = try farm.commit(["a": "1"])
            // As `pinfold init` leaves it; the agent has switched since.
            try makeDirectories(farm.deployments)
            try writeFile(farm.deployments + "/branch", "main\n")
            try farm.git("switch", "-q", "-c", "topic")
            _ = try farm.commit(["a": "2"])
            try await withService(farm) { service in
                try await service.deployed(first)
                #expect(try farm.deployed("a") == "1")
            }
            try writeFile(farm.deployments + "/branch", "")
            let again = try DeployService(farm.settings)
            #expect(try again.status().branch == "main")
            try await withService(farm, running: again) { service in
                try await eventually("it has started") { try readFile(farm.settings.data.status).contains("\"branch\" : \"main\"") }
            }
        }
    }

    @Test(arguments: [false, true])
    func `names of any bytes are committed, tested, deployed, shown and gone back from`(_ inPlace: Bool) async throws {
        try await configured { farm in
            // The names that the test sees are the names that there are.
            farm.settings.tests.command = #"test -e "$(printf 'd\351/caf\351.txt')" && test "$(find . -type f | wc -l)" -gt 250"#
            if inPlace {
                farm.settings.versions.target = farm.root + "/server"
                try makeDirectories(farm.settings.versions.target)
            }
        }.run { farm, service in
            let write = #"""
                import os, sys
                def write(path, text):
                    os.makedirs(os.path.dirname(path) or b".", exist_ok=True)
                    open(path, "wb").write(text)
                for byte in range(1, 256):
                    if byte not in b"/.": write(b"bytes/" + bytes([byte]), b"%d" % byte)
                write(b"d\xe9/caf\xe9.txt", b"one\n"); write(b"\xff" * 255, b"long")
                write(b"/".join([b"n" * 200] * 12) + b"/deep", b"deep")
                os.symlink(b"caf\xe9.txt", b"d\xe9/l\xe9")
                """#
            try farm.agent("python3 - <<'END'\n\(write)\nEND")
            try farm.git("add", "-A")
            try farm.git("commit", "-q", "-m", "odd")
            try await service.deployed(farm.head())
            let same = "diff -r --no-dereference --exclude=.git '\(farm.codeRepo)' '\(farm.settings.versions.target)/'"
            try shell(same).requireSuccess()
            // By the deploy action, which stages them.
            try farm.agent(
                #"printf 'two\n' > "$(printf 'd\351/caf\351.txt')"; echo new > "$(printf 'n\303\351w\n\001x')"; rm bytes/A"#)
            let started = try await service.deploy(DeployActionRequest(commitMessage: "odd again"), by: admin)
            let ended = try await service.settled(started.id, withinMilliseconds: 60_000)
            #expect(ended.state == .deployed, "\(ended)")
            try shell(same).requireSuccess()
            #expect(ended.changes?.paths.contains(#"M d\xe9/caf\xe9.txt"#) == true, "\(ended.changes?.paths ?? [])")
            #expect(try await service.diff(started.id).contains(0x2B))
            #expect(try readFile(farm.settings.data.status).contains(#"d\\xe9/caf\\xe9.txt"#))
            let back = try await service.rollback(to: nil, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            try farm.git("reset", "-q", "--hard", "HEAD~1")
            try shell(same).requireSuccess()
        }
    }

    @Test func `one daemon serves a data root`() async throws {
        try await withFarm { farm, _ in
            #expect(throws: DeployError.self) { _ = try DeployService(farm.settings) }
        }
    }

    @Test func `a success is pushed, and a push that fails is tried again and undoes nothing`() async throws {
        try await configured { farm in
            farm.settings.push.remote = farm.root + "/remote.git"
        }.run { farm, service in
            let commit = try farm.commit(["a": "1"])
            try await service.deployed(commit)
            try await eventually("the failed push is shown") { try service.history(limit: 1).first?.push?.error != nil }
            try run("git", ["init", "-q", "--bare", "-b", "main", farm.root + "/remote.git"]).requireSuccess()
            try await eventually("it is pushed", within: 60) { try service.history(limit: 1).first?.push?.done == true }
            #expect(try run("git", ["-C", farm.root + "/remote.git", "rev-parse", "main"]).output.hasPrefix(commit.hex))
        }
    }

    @Test func `old versions are removed, the last known good never`() async throws {
        try await configured { $0.settings.versions.keep = 2 }.run { farm, service in
            for number in 1...5 { try await service.deployed(farm.commit(["a": "\(number)"])) }
            try await eventually("two are left") {
                try ["/backups", "/releases"].allSatisfy {
                    try run("ls", [farm.deployments + $0]).output.split(separator: "\n").count == 2
                }
            }
            #expect(try farm.deployed("a") == "5")
        }
    }
}
