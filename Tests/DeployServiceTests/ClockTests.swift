import CLinux
import DeployModel
import DeployService
import LinuxSystem
import TestSupport
import Testing

/// The daemon with a time of day that the test sets, by Debian's libfaketime; time that passes goes on as it is.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ClockTests {
    @Test func `a clock that goes back 400 days changes no order, keeps the newest, holds nothing up and skips no revision`()
        async throws
    {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let library = try shell("ls /usr/lib/*/faketime/libfaketimeMT.so.1").requireSuccess().split(separator: "\n")[0]
            let time = root + "/time"
            try writeFile(time, "+0d\n")
            var environment = [
                "AGENT_DATA_ROOT": farm.root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
                "AGENT_DEPLOY_TEST_COMMAND": "true", "AGENT_DEPLOY_KEEP": "2",
                "AGENT_DEPLOY_PUSH_REMOTE": root + "/remote.git",
            ]
            environment["LD_PRELOAD"] = String(library)
            environment["FAKETIME_TIMESTAMP_FILE"] = time
            environment["FAKETIME_NO_CACHE"] = "1"
            environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
            let command = ChildProcess.Command(
                Executables.deployd, ["--config", try emptyConfiguration(in: root)], environment: mergedEnvironment(environment),
                workingDirectory: "/", descriptors: [1: 2, 2: 2])
            func status() throws -> StatusDocument {
                try DeployJSON.decode(StatusDocument.self, from: .init(readBytes(farm.deployments + "/status.json")))
            }
            /// With what is said of a push, which the file for everybody is not.
            func told() throws -> StatusDocument {
                let said = try run(Executables.pinfold, ["status", "--json", "--data-root", farm.root + "/agent-data"])
                return try DeployJSON.decode(StatusDocument.self, from: .init(said.requireSuccess().utf8))
            }
            func deploy(_ text: String) async throws -> StatusDocument {
                let commit = try farm.commit(["a": text])
                try await eventually("\(text) is deployed", within: 40) { (try? status().lastKnownGood?.commit) == commit }
                return try status()
            }
            func stop(_ daemon: consuming ChildProcess) throws {
                try daemon.signal(SIGTERM)
                #expect(try daemon.wait() == .exited(0))
            }

            let first = try ChildProcess(command)
            var seen = [try await deploy("1"), try await deploy("2")]
            try await eventually("a failed push waits for its next time") {
                try told().warnings.contains { $0.contains("not pushed") }
            }
            try writeFile(time, "-400d\n")
            seen.append(try await deploy("3"))
            let newest = try #require(seen[2].last)
            #expect(newest.updated < seen[1].last!.updated, "the time of day is not what the test set")
            // Due in seconds, not in 400 days.
            try run("git", ["init", "-q", "--bare", "-b", "main", root + "/remote.git"]).requireSuccess()
            try await eventually("it is pushed", within: 40) { try told().last?.push?.done == true }
            try stop(first)

            let second = try ChildProcess(command)
            seen.append(try await deploy("4"))
            seen.append(try await deploy("5"))
            try stop(second)
            #expect(seen.map(\.revision) == seen.map(\.revision).sorted())
            #expect(seen.map { $0.deployed?.deployment } == [1, 2, 3, 4, 5])
            #expect(Set(seen.map(\.revision)).count == 5)
            // The newest two by number, though their names are older than those of the first.
            let service = try DeployService(farm.settings)
            let history = try service.history(limit: 10)
            #expect(history.map(\.id) == [5, 4, 3, 2, 1])
            for deployment in history where deployment.id > 1 {
                #expect(exists(try #require(deployment.backup)) == (deployment.id >= 4), "\(deployment.id)")
            }
            for deployment in history {
                #expect(exists(try #require(deployment.release)) == (deployment.id >= 4), "\(deployment.id)")
            }
            try await withService(farm, running: service) { service in
                let back = try await service.rollback(to: nil, by: admin)
                #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
                #expect(try farm.deployed("a") == "4")
            }
        }
    }
}
