import CLinux
import DeployModel
import DeployService
import DeploySteps
import FoundationEssentials
import LinuxSystem
import TestSupport
import Testing

/// The record of what happened: it is on the disk before anything follows from it, it is what the target is, and no number comes twice.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RecordTests {
    /// A daemon of its own process: its history is closed when this returns, and can be changed from outside.
    private func withDaemon(_ farm: Farm, testing command: String = "true", _ body: () async throws -> Void) async throws {
        let log = try Descriptor.open(said(farm), [.writeOnly, .create, .append], mode: 0o600)
        let daemon = try ChildProcess(
            .init(
                Executables.deployd, ["--config", emptyConfiguration(in: farm.root)],
                environment: mergedEnvironment(settings(farm).merging(["AGENT_DEPLOY_TEST_COMMAND": command]) { $1 }),
                workingDirectory: "/", descriptors: [1: log.rawValue, 2: log.rawValue]))
        do { try await body() } catch { throw TestFailure("\(error)\n\((try? readFile(farm.deployments + "/status.json")) ?? "")") }
        try daemon.signal(SIGTERM)
        _ = try daemon.wait()
    }

    /// What the daemons of a farm have said.
    private func said(_ farm: Farm) -> String { farm.root + "/said" }

    private func settings(_ farm: Farm) -> [String: String] {
        [
            "AGENT_DATA_ROOT": farm.root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
            "AGENT_DEPLOY_TARGET": farm.settings.versions.target, "AGENT_DEPLOY_TEST_COMMAND": "true",
        ]
    }

    private func status(_ farm: Farm) throws -> StatusDocument {
        try DeployJSON.decode(StatusDocument.self, from: Data(try readBytes(farm.deployments + "/status.json")))
    }

    private func deploy(_ commit: CommitID, _ farm: Farm) async throws {
        try await withDaemon(farm) { try await untilDeployed(commit, farm) }
    }

    private func untilDeployed(_ commit: CommitID, _ farm: Farm) async throws {
        try await eventually("\(commit.short) is deployed", within: 60) {
            guard let status = try? status(farm) else { return false }
            return status.current == nil && status.lastKnownGood?.commit == commit && status.last?.state == .deployed
        }
    }

    /// What the daemon that has ended left on record.
    private func record(_ farm: Farm) throws -> (history: [Deployment], events: [Event]) {
        let service = try DeployService(farm.settings)
        return (try service.history(limit: 50), try service.events(limit: 50))
    }

    @Test func `each state is synced before anybody is told of it`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let commit = try farm.commit(["a": "1"])
            let trace = root + "/trace"
            let daemon = try ChildProcess(
                .init(
                    "strace",
                    [
                        // The tracer beside it: the signal below is the daemon's, and the wait too.
                        "-D", "-f", "-qq", "-y", "-s", "0", "-e", "trace=pwrite64,fdatasync,fsync,rename", "-o", trace,
                        Executables.deployd, "--config",
                        emptyConfiguration(in: root),
                    ],
                    environment: mergedEnvironment([
                        "AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
                        "AGENT_DEPLOY_TEST_COMMAND": "true",
                    ]), workingDirectory: "/", descriptors: [1: 2, 2: 2]))
            try await eventually("it is deployed", within: 60) {
                let status = (try? readFile(farm.deployments + "/status.json")) ?? ""
                return status.contains("\"deployed\" : {") && status.contains(commit.hex) && !status.contains("\"current\"")
            }
            try daemon.signal(SIGTERM)
            _ = try daemon.wait()
            var isWritten = false
            var (writes, syncs, told) = (0, 0, 0)
            for line in try readFile(trace).split(separator: "\n") {
                if line.contains("history.sqlite-wal>") {
                    if line.contains("pwrite64(") {
                        writes += 1
                        isWritten = true
                    } else if line.contains("sync(") {
                        syncs += 1
                        isWritten = false
                    }
                } else if line.contains("rename("), line.contains("status.json.new") {
                    told += 1
                    #expect(!isWritten, "the status was shown before the history was synced")
                }
            }
            // At least once for each of the ten steps, and for the commit that was seen.
            #expect(writes > 20 && told > 10)
            #expect(syncs >= Pipeline.commit.count + 1, "\(syncs) syncs for \(writes) writes")
        }
    }

    @Test func `a change that the record does not allow is said once, and its step is not done again until somebody answers`()
        async throws
    {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            try await withDaemon(farm, testing: "sleep 1000") {
                try farm.commit(["a": "1"])
                try await eventually("it is tested", within: 60) { (try? status(farm))?.current?.state == .testing }
            }
            func record(_ state: DeploymentState) throws {
                let script =
                    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2], sys.argv[3:]); c.commit()"
                let statement = "UPDATE deployments SET state = ?"
                try run("/usr/bin/python3", ["-c", script, farm.deployments + "/history.sqlite", statement, state.rawValue])
                    .requireSuccess()
            }
            func answer() throws {
                for words in [["hold", "--reason", "looking"], ["resume"]] {
                    try run(
                        Executables.pinfold, words + ["--config", emptyConfiguration(in: root)], environment: settings(farm)
                    ).requireSuccess()
                }
            }
            func tested() throws -> Int { try readFile(farm.deployments + "/logs/1.log").split(separator: "exit 7").count - 1 }
            // Another state on record than its own: as a fault in the daemon would have it.
            try record(.checking)
            try await withDaemon(farm, testing: "echo exit 7") {
                try await eventually("it is shown", within: 60) {
                    (try? status(farm))?.warnings.contains { $0.contains("cannot become testing") } == true
                }
                let once = try tested()
                #expect(once > 0)
                // Longer than three of the loop's pauses after a failure, with something to look at.
                for number in 1...3 {
                    try farm.git("branch", "other-\(number)")
                    pause(milliseconds: 1500)
                }
                #expect(try tested() == once)
                #expect(try status(farm).warnings.contains { $0.contains("an answer of the admin's or a restart tries once more") })
                #expect(try readFile(said(farm)).ranges(of: "no deployment goes on").count == 1)
                try answer()
                try await eventually("it is tried once more, and refused again", within: 60) {
                    try tested() > once && readFile(said(farm)).ranges(of: "no deployment goes on").count == 2
                }
                try record(.testing)
                try answer()
                try await untilDeployed(try farm.head(), farm)
                #expect(try !status(farm).warnings.contains { $0.contains("no deployment goes on") })
            }
        }
    }

    @Test func `what the target is wins over a history that was put back from a copy`() async throws {
        for inPlace in [false, true] {
            try await withTemporaryDirectory { root in
                let farm = try Farm(root, inPlace: inPlace)
                let history = farm.deployments + "/history.sqlite"
                let first = try farm.commit(["a": "1", "only-1": "1"])
                try await deploy(first, farm)
                let second = try farm.commit(["a": "2", "only-1": nil, "only-2": "2"])
                try await deploy(second, farm)
                try shell("mkdir \(root)/copy; cp \(history)* \(root)/copy").requireSuccess()
                try await withDaemon(farm) {
                    try await eventually("it listens") { exists(farm.deployments + "/admin/admin.sock") }
                    try run(
                        Executables.pinfold, ["rollback", "--config", emptyConfiguration(in: root)], environment: settings(farm)
                    ).requireSuccess()
                    try await eventually("it is rolled back", within: 60) {
                        let status = try status(farm)
                        return status.current == nil && status.lastKnownGood?.commit == first
                    }
                }
                #expect(try farm.deployed("a") == "1")
                try shell("rm -f \(history)*; cp \(root)/copy/* \(farm.deployments)").requireSuccess()
                try await withDaemon(farm) {
                    try await eventually("the record is put right") {
                        let status = try status(farm)
                        return status.deployed?.commit == first && status.lastKnownGood?.commit == first
                            && status.warnings.contains {
                                $0.contains("deployment 1") && $0.contains("the record said deployment 2")
                            }
                    }
                    #expect(try farm.deployed("a") == "1")
                }
                let third = try farm.commit(["a": "3"])
                try await deploy(third, farm)
                let (rows, events) = try record(farm)
                #expect(events.contains { $0.what.contains("the record said deployment 2") })
                // The lost rollback's number is not given again.
                let last = try #require(rows.first)
                #expect(last.commit == third && last.id > 3 && last.base == first)
                #expect(try status(farm).warnings.allSatisfy { !$0.contains("the record said") })
                if inPlace { #expect(try readFile(root + "/server/own") == "kept") }
            }
        }
    }

    @Test func `with the history lost the running version is known by the mirror, and goes through the tests again`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let first = try farm.commit(["a": "1"])
            try await deploy(first, farm)
            let second = try farm.commit(["a": "2"])
            try await deploy(second, farm)
            try shell("rm \(farm.deployments)/history.sqlite*; rm \(farm.deployments)/status.json").requireSuccess()
            try await deploy(second, farm)
            let (rows, events) = try record(farm)
            let again = try #require(rows.first)
            #expect(again.commit == second && again.id > 2)
            // Compared with what runs, not with nothing.
            #expect(again.base == second)
            #expect(again.steps.contains { $0.stage == .test })
            #expect(events.contains { $0.what.contains("deployment 2") && $0.what.contains("nothing of Pinfold's") })
        }
    }

    @Test func `a target that was led elsewhere by hand is said, and nothing is called deployed`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let first = try farm.commit(["a": "1"])
            try await withService(farm) { try await $0.deployed(first) }
            try makeDirectories(root + "/other")
            try shell("ln -sfn \(root)/other \(farm.current)").requireSuccess()
            try await withService(farm) { service in
                try await eventually("it is said") { try service.status().warnings.contains { $0.contains("which is no release") } }
                #expect(try service.status().deployed == nil)
                #expect(try run("readlink", [farm.current]).output == root + "/other\n")
            }
        }
    }

    @Test func `files that somebody changed in place are named`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root, inPlace: true)
            let first = try farm.commit(["a": "1", "b": "1"])
            try await withService(farm) { try await $0.deployed(first) }
            try writeFile(root + "/server/b", "by hand")
            try await withService(farm) { service in
                try await eventually("it is said") {
                    try service.status().warnings.contains { $0.contains("is not as deployment 1") && $0.contains(": b") }
                }
                #expect(try service.status().deployed?.commit == first)
                #expect(try readFile(root + "/server/b") == "by hand")
            }
        }
    }

    @Test func `a backup of another deployment by the same number is not taken for one's own`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            for number in 1...2 { try await deploy(farm.commit(["a": "\(number)"]), farm) }
            let backups = farm.deployments + "/backups"
            try await withDaemon(farm) {
                try await eventually("it runs") { exists(farm.deployments + "/admin/admin.sock") }
                // As if it had been made for the next one, whose number is decided by now.
                let name = try run("ls", [backups]).output.split(separator: "\n")[0]
                // Whole from the first moment: half a backup is tidied.
                try shell(
                    "cp -a \(backups)/\(name) \(root)/made; sed -i 's/\"made_for\" : 2/\"made_for\" : 3/' \(root)/made/backup.json; mv \(root)/made \(backups)/planted"
                ).requireSuccess()
                #expect(try readFile(backups + "/planted/backup.json").contains("\"made_for\" : 3"))
                try await untilDeployed(farm.commit(["a": "3"]), farm)
            }
            let deployment = try #require(try record(farm).history.first)
            #expect(deployment.id == 3)
            #expect(deployment.backup != nil && deployment.backup != backups + "/planted")
            #expect(try readFile((deployment.backup ?? "") + "/tree/a") == "2")
        }
    }
}

extension Farm {
    /// With a target that is a directory, in which the server has a file of its own.
    fileprivate init(_ root: String, inPlace: Bool) throws {
        try self.init(root)
        guard inPlace else { return }
        settings.versions.target = root + "/server"
        try makeDirectories(root + "/server")
        try writeFile(root + "/server/own", "kept")
    }
}
