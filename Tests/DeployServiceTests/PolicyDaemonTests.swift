import AdminInterface
import CLinux
import DeployModel
import Foundation
import LinuxSystem
import TestSupport
import Testing

/// The daemon's own program with a policy beside its configuration, answered by the command that people type.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PolicyDaemonTests {
    private struct Site {
        let farm: Farm
        let policy: PolicyFarm
        let configuration: String
        var environment: [String: String]

        init(_ root: String) throws {
            farm = try Farm(root)
            try makeDirectories(root + "/etc")
            policy = try PolicyFarm(in: root + "/etc")
            configuration = root + "/etc/pinfold.env"
            try writeFile(configuration, "")
            environment = [
                "AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
                "AGENT_DEPLOY_TEST_COMMAND": "true", "AGENT_DEPLOY_JUDGE": "false",
            ]
        }

        func start(_ more: [String: String] = [:]) throws -> ChildProcess {
            let environment = mergedEnvironment(environment.merging(more) { $1 })
            // By a shell: the library of the clock changes its environment when it is first loaded, next to which Swift looks for a program's arguments.
            return try ChildProcess(
                .init(
                    "/bin/sh", ["-c", "exec \"$0\" \"$@\"", Executables.deployd, "--config", configuration],
                    environment: environment, workingDirectory: "/", descriptors: [1: 2, 2: 2]))
        }

        func pinfold(_ arguments: String...) throws -> Finished {
            try run(Executables.pinfold, arguments + ["--config", configuration], environment: environment)
        }

        func status() throws -> StatusDocument {
            try DeployJSON.decode(StatusDocument.self, from: Data(readBytes(farm.deployments + "/status.json")))
        }

        /// What the daemon tells root, with people's names and answers.
        func told() throws -> StatusDocument {
            try DeployJSON.decode(StatusDocument.self, from: Data(pinfold("status", "--json").output.utf8))
        }

        /// The commit that was deployed, and then the one that waits.
        func ask() async throws -> CommitID {
            let first = try farm.commit(["a": "1", "tests/a": "1"])
            try await eventually("it is deployed", within: 60) { (try? status().lastKnownGood?.commit) == first }
            let second = try farm.commit(["a": "2", "tests/a": "2"])
            try await eventually("it waits", within: 60) { (try? status().waiting?.commit) == second }
            return second
        }

        func stop(_ daemon: consuming ChildProcess) throws {
            try daemon.signal(SIGTERM)
            #expect(try daemon.wait() == .exited(0))
        }
    }

    private func site(_ body: (Site) async throws -> Void) async throws {
        try await withTemporaryDirectory { root in
            let site = try Site(root)
            try site.policy.write()
            try await body(site)
        }
    }

    @Test func `people answer by their keys at the command, which says who is missing`() async throws {
        try await site { site in
            let daemon = try site.start()
            let commit = try await site.ask()
            let root = try site.pinfold("approve", commit.short)
            #expect(root.status == .exited(1) && root.errors.contains("--sign KEY"), "\(root)")
            let nobody = try site.pinfold("approve", commit.short, "--sign", site.policy.directory + "/eve")
            #expect(nobody.status == .exited(1) && nobody.errors.contains("nobody's in the approval policy"), "\(nobody)")
            let none = try site.pinfold("approve", commit.short, "--sign", site.policy.directory + "/nobody")
            #expect(none.status == .exited(1) && none.errors.contains("ssh-keygen did not sign"), "\(none)")
            let other = try site.pinfold("approve", "0123456", "--sign", site.policy.directory + "/ada")
            #expect(other.status == .exited(1) && other.errors.contains("0123456 does not wait for an answer"), "\(other)")

            let one = try site.pinfold("approve", commit.short, "--sign", site.policy.directory + "/ada")
            #expect(one.status.isSuccess && one.output.contains("1 of 2 (ada)"), "\(one)")
            let policy = try site.pinfold("policy")
            #expect(
                policy.output.contains("approve by ada, by the SSH key") && policy.output.contains("from ken, grace"), "\(policy)")
            #expect(try site.pinfold("status").output.contains("1 of 2 (ada)"))
            // What everybody on the machine may read names nobody. The flag is written behind the status.
            let flag = site.farm.deployments + "/human_approval_required.flag"
            try await eventually("the flag says so") { (try? readFile(flag))?.contains("rule all: 1 of 2") == true }
            for file in ["status.json", "human_approval_required.flag"] {
                let text = try readFile(site.farm.deployments + "/" + file)
                #expect(!text.contains("ada") && !text.contains("grace"), "\(file): \(text)")
            }
            #expect(try site.pinfold("policy", "--json").output.contains("\"may_answer\""))

            // Somebody without root signs elsewhere what is printed here.
            let text = try site.pinfold("approve", commit.short, "--text").output
            #expect(text.hasPrefix("pinfold answer 1\ndecision: approve\n") && text.contains(commit.hex))
            try writeFile(site.policy.directory + "/signature", try site.policy.sign(text, by: "grace"))
            let two = try site.pinfold("approve", commit.short, "--signature", site.policy.directory + "/signature")
            #expect(two.status.isSuccess && two.output.contains("approved \(commit.short) by ada"), "\(two)")
            try await eventually("it is deployed", within: 60) { try site.status().lastKnownGood?.commit == commit }
            let shown = try site.pinfold("show", commit.short)
            #expect(shown.output.contains("approve by ada") && shown.output.contains("approve by grace"), "\(shown)")
            try site.stop(daemon)
        }
    }

    @Test func `a policy that cannot be used stops the start, and the doctor says why`() async throws {
        try await site { site in
            try writeFile(site.policy.file, "[person ada]\nkeys = x\n")
            let daemon = try run(Executables.deployd, ["--config", site.configuration], environment: site.environment)
            #expect(
                daemon.status == .exited(2) && daemon.errors.contains("line 2: “keys” is not a key of this section"), "\(daemon)")
            #expect(daemon.errors.filter { $0 == "\n" }.count == 1, "\(daemon)")
            let doctor = try site.pinfold("doctor")
            #expect(doctor.output.contains("FAILED   the approval policy: line 2"), "\(doctor)")
            try writeFile(site.policy.file, "[person ada]\n[person ken]\n[rule all]\nfrom = ada, ken\nneed = 2\n")
            #expect(try site.pinfold("doctor").output.contains("rule all: it needs 2, and only nobody can answer"))
            try site.policy.write()
            #expect(try site.pinfold("doctor").output.contains("the approval policy: \(site.policy.file): 3 people, 1 rules"))
        }
    }

    @Test func `an answer is void when the clock is set back`() async throws {
        try await site { site in
            let library = try shell("ls /usr/lib/*/faketime/libfaketimeMT.so.1").requireSuccess().split(separator: "\n")[0]
            let time = site.policy.directory + "/time"
            try writeFile(time, "+0d\n")
            let daemon = try site.start([
                "LD_PRELOAD": String(library), "FAKETIME_TIMESTAMP_FILE": time, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            ])
            let commit = try await site.ask()
            let first = try site.pinfold("approve", commit.short, "--sign", site.policy.directory + "/ada")
            #expect(first.status.isSuccess, "\(first)")
            try writeFile(time, "-2h\n")
            let second = try site.pinfold("approve", commit.short, "--sign", site.policy.directory + "/ken")
            #expect(second.status.isSuccess && second.output.contains("1 of 2 (ken)"), "\(second)")
            #expect(try site.pinfold("policy").output.contains("the clock was set back"))
            try writeFile(time, "+0d\n")
            // Nor when it is right again.
            try await eventually("it is void on record") { try site.told().current?.answers?.first?.void != nil }
            #expect(try site.told().waiting?.approval?.needs.first?.given == ["ken"])
            try site.stop(daemon)
        }
    }

    @Test(arguments: [PersonAnswer.Verdict.approve, .reject])
    func `a passkey answers on the page, for what it shows and nothing else`(verdict: PersonAnswer.Verdict) async throws {
        try await site { site in
            try site.policy.write(["ada"], need: 1)
            let daemon = try site.start()
            let commit = try await site.ask()
            let id = try #require(try site.status().waiting?.deployment)
            let link = site.policy.directory + "/link"
            let web = try ChildProcess(
                .init(
                    "/bin/sh",
                    ["-c", "exec \"$0\" web --config \"$1\" >\"$2\"", Executables.pinfold, site.configuration, link],
                    environment: mergedEnvironment(site.environment), workingDirectory: "/", descriptors: [2: 2]))
            try await eventually("it prints a link", within: 30) { (try? readFile(link))?.hasSuffix("\n") == true }
            let script =
                String("\(#filePath)".dropLast("/DeployServiceTests/PolicyDaemonTests.swift".count))
                + "/AdminWebTests/Browser/answer.py"
            let answered = try run(
                "/usr/bin/python3",
                ["-B", script, String(try readFile(link).dropLast()), "\(id)", site.policy.file, verdict.rawValue],
                workingDirectory: "/", seconds: 200)
            #expect(
                answered.status.isSuccess && answered.output.split(separator: "\n").count { $0.hasPrefix("ok") } >= 9, "\(answered)"
            )
            try await eventually("it has ended", within: 60) { try site.told().last?.commit == commit }
            let last = try #require(try site.told().last)
            #expect(last.answers?.map(\.proof) == [.passkey] && last.answers?.first?.person == "ada")
            #expect(last.answers?.map(\.verdict) == [verdict] && last.answers?.first?.caller == "review page (uid 65530)")
            #expect(last.state == (verdict == .approve ? .deployed : .rejected))
            #expect(try site.farm.deployed("a") == (verdict == .approve ? "2" : "1"))
            try web.signal(SIGTERM)
            _ = try web.wait()
            try site.stop(daemon)
        }
    }

    /// Says what a page could say that was taken over, from where it is: its user, its mounts. A line for each thing.
    private static let takenOver = """
        import ctypes, http.client, json, os, socket, sys
        page, data, commit = sys.argv[1], sys.argv[2], sys.argv[3]
        http.client.HTTPConnection("x").close(), "x".encode("idna")
        mounts = os.open("/proc/" + page + "/ns/mnt", os.O_RDONLY)
        assert ctypes.CDLL(None, use_errno=True).setns(mounts, 0) == 0
        os.setgroups([]), os.setresgid(65530, 65530, 65530), os.setresuid(65530, 65530, 65530)
        def ask(path, method, target, body=None):
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(path)
            except OSError as error:
                return error.strerror
            asked = http.client.HTTPConnection("pinfold")
            asked.sock = line
            asked.request(method, target, body and json.dumps(body))
            answer = asked.getresponse()
            return str(answer.status) + " " + answer.read().decode()[:200].replace(chr(10), " ")
        own, answer = "/review/review.sock", "/commits/" + commit + "/"
        key = {"id": "A" * 43, "client_data": "e30", "authenticator_data": "AAAA", "signature": "AAAA", "origin": "http://p.pinfold.localhost:1"}
        print("status", ask(own, "GET", "/status"))
        print("approve", ask(own, "POST", answer + "approve"))
        print("forged", ask(own, "POST", answer + "approve", {"passkey": key}))
        print("signed", ask(own, "POST", answer + "approve", {"signature": "-----BEGIN SSH SIGNATURE-----"}))
        print("reject", ask(own, "POST", answer + "reject", {"reason": "mine"}))
        print("force", ask(own, "POST", "/deploy", {"commit_message": "m", "force_deploy": True}))
        for target in ["/rollback", "/reload", "/hold", "/resume", answer + "lift"]:
            print(target, ask(own, "POST", target, {}))
        print("elsewhere", *os.listdir("/"))
        print("admin", ask("/proc/1/root" + data + "/deployments/admin/admin.sock", "GET", "/status"))
        """

    @Test func `the page is not served beside an agent that is given its user`() async throws {
        try await site { site in
            let refused = try run(
                Executables.pinfold, ["web", "--config", site.configuration],
                environment: site.environment.merging(["AGENT_USER": "65530:65530"]) { $1 })
            #expect(refused.status == .exited(2) && refused.errors.contains("AGENT_USER is user 65530"), "\(refused)")
        }
    }

    @Test func `a page that was taken over answers nothing, though the policy asks root`() async throws {
        try await site { site in
            unsafe unlink(site.policy.file)
            let daemon = try site.start()
            let commit = try await site.ask()
            let link = site.policy.directory + "/link"
            let web = try ChildProcess(
                .init(
                    "/bin/sh",
                    ["-c", "exec \"$0\" web --config \"$1\" >\"$2\"", Executables.pinfold, site.configuration, link],
                    environment: mergedEnvironment(site.environment), workingDirectory: "/", descriptors: [2: 2]))
            try await eventually("it prints a link", within: 30) { (try? readFile(link))?.hasSuffix("\n") == true }
            let data = site.environment["AGENT_DATA_ROOT"] ?? ""
            let said = try run(
                "/usr/bin/python3", ["-c", Self.takenOver, "\(web.pid)", data, commit.hex], workingDirectory: "/", seconds: 60)
            let lines = said.output.split(separator: "\n")
            func expect(_ what: String, _ words: String) {
                #expect(lines.contains { $0.hasPrefix(what + " ") && $0.contains(words) }, "\(what): \(said)")
            }
            expect("status", "200 ")
            for what in ["approve", "signed", "reject"] { expect(what, "is signed by a passkey") }
            expect("forged", "nobody's in the approval policy")
            for what in ["force", "/rollback", "/reload", "/hold", "/resume", "/commits/\(commit.hex)/lift"] {
                expect(what, "403 ")
                expect(what, "is not the review page's")
            }
            #expect(lines.contains("elsewhere proc review") || lines.contains("elsewhere review proc"), "\(said)")
            expect("admin", "Permission denied")
            // Nor where somebody has opened what should be closed.
            unsafe chmod(data + "/deployments/admin", 0o755)
            unsafe chmod(data + "/deployments/admin/admin.sock", 0o666)
            let open = try run(
                "/usr/bin/curl",
                [
                    "-sS", "-X", "POST", "--unix-socket", data + "/deployments/admin/admin.sock",
                    "http://x/commits/\(commit.hex)/approve",
                ],
                workingDirectory: "/", user: (ReviewUser.id, ReviewUser.id))
            #expect(open.output.contains("uid 65530 may not use the admin's socket"), "\(open)")
            let waiting = try #require(try site.told().waiting)
            #expect(waiting.commit == commit && waiting.approval?.answers.isEmpty == true)
            #expect(try site.pinfold("history", "--events").output.contains("approve without a passkey from the review socket"))
            try web.signal(SIGTERM)
            _ = try web.wait()
            try site.stop(daemon)
        }
    }

    @Test(arguments: [
        "detected:saved", "approve:begin", "approve:end", "approve:saved", "decision:saved", "back_up:begin", "build:saved",
        "switch:begin", "switch:end", "switch:saved", "check:saved",
    ])
    func `whenever the daemon dies, two answers deploy it once`(point: String) async throws {
        try await site { site in
            let commit: CommitID
            do {
                let daemon = try site.start()
                let first = try site.farm.commit(["a": "1", "tests/a": "1"])
                try await eventually("it is deployed", within: 60) { (try? site.status().lastKnownGood?.commit) == first }
                try site.stop(daemon)
                commit = try site.farm.commit(["a": "2", "tests/a": "2"])
            }
            var hasDied = false
            var daemon = try site.start(["PINFOLD_FAULT": point])
            let deadline = ContinuousClock.now + .seconds(90)
            while (try? site.status().lastKnownGood?.commit) != commit, ContinuousClock.now < deadline {
                if try daemon.ends(withinMilliseconds: 50) {
                    #expect(try daemon.wait() == .signaled(SIGKILL) && !hasDied)
                    hasDied = true
                    daemon = try site.start()
                    try await eventually("it runs again") { try site.pinfold("status").status.isSuccess }
                }
                let given = (try? site.told().waiting?.approval?.needs.first?.given) ?? nil
                guard let given, try site.status().waiting?.commit == commit else { continue }
                for person in ["ada", "ken"] where !given.contains(person) {
                    _ = try site.pinfold("approve", commit.hex, "--sign", site.policy.directory + "/" + person)
                }
            }
            if !hasDied, try daemon.ends(withinMilliseconds: 5000) {
                #expect(try daemon.wait() == .signaled(SIGKILL))
                hasDied = true
                daemon = try site.start()
                try await eventually("it runs again") { try site.pinfold("status").status.isSuccess }
            }
            #expect(hasDied, "it never came to \(point)")
            #expect(try site.farm.deployed("a") == "2")
            let last = try #require(try site.told().last)
            #expect(last.commit == commit && last.state == .deployed)
            #expect(last.answers?.filter { $0.void == nil }.map(\.person).sorted() == ["ada", "ken"])
            try site.stop(daemon)
        }
    }
}
