import AdminInterface
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// What deployments leave behind is bounded, and what is still needed stays.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct KeepingTests {
    @Test func `logs and names in the mirror go with old deployments, but for what is quarantined`() async throws {
        try await configured { farm in
            farm.settings.versions.keep = 1
            farm.settings.reload.command = "! test -e \"$PINFOLD_TARGET/sick\""
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "0"]))
            let bad = try farm.commit(["sick": ""])
            let quarantined = try await service.outcome(of: bad)
            #expect(quarantined.state == .rolledBack)
            try farm.git("revert", "--no-edit", bad.hex)
            try await service.deployed(farm.head())
            for number in 1...12 { try await service.deployed(farm.commit(["a": "\(number)"])) }
            let last = try #require(service.history(limit: 1).first).id
            try await eventually("old logs are gone") { !exists(farm.deployments + "/logs/1.log") }
            #expect(try service.log(1).text.contains("no longer kept"))
            #expect(exists(farm.deployments + "/logs/\(last).log") && exists(farm.deployments + "/logs/\(quarantined.id).log"))
            #expect(try run("ls", [farm.deployments + "/logs"]).output.split(separator: "\n").count <= 12)
            let seen = farm.deployments + "/repo.git/refs/pinfold/seen"
            try await eventually("old names are gone") { try run("ls", [seen]).output.split(separator: "\n").count <= 14 }
            #expect(exists(seen + "/" + bad.hex))
            // Still known for what it was, and still refused.
            #expect(try await service.outcome(of: farm.commit(["sick": "", "a": "0"])).state != .deployed)
        }
    }

    @Test func `locks that a killed daemon left in its mirror do not stop the next one`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let first = try farm.commit(["a": "1"])
            try await withService(farm) { try await $0.deployed(first) }
            for name in ["HEAD", "config", "packed-refs", "refs/pinfold/latest"] {
                try writeFile(farm.deployments + "/repo.git/\(name).lock", "")
            }
            let second = try farm.commit(["a": "2"])
            try await withService(farm) { try await $0.deployed(second) }
        }
    }

    @Test func `a file above the limit fails with what to do, and its removal deploys`() async throws {
        try await configured { $0.settings.commits.fileLimit = 1 << 20 }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try farm.agent("head -c 2000000 /dev/urandom > large; echo 2 > a; git add -A; git commit -qm large")
            let failed = try await service.outcome(of: farm.head())
            #expect(failed.state == .failed)
            #expect(failed.reason?.contains("the file large has 2000000 bytes; at most 1048576") == true, "\(failed.reason ?? "")")
            #expect(
                failed.advice?.contains("git rm --cached") == true && failed.advice?.contains("AGENT_DEPLOY_FILE_LIMIT") == true)
            try farm.agent("git rm -q large; git commit -qm 'Take it out'")
            let deployment = try await service.deployed(farm.head())
            #expect(deployment.steps.first { $0.stage == .takeIn }?.note?.contains("1 files above") == true)
            #expect(try farm.deployed("a") == "2\n")
            // And what comes after it, and a way back.
            try await service.deployed(farm.commit(["a": "3"]))
            let back = try await service.rollback(to: nil, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            #expect(try farm.deployed("a") == "2\n")
        }
    }

    @Test func `what is not needed goes without a further deployment once what held it up is over`() async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            try await service.deployed(farm.commit(ClientFarm.files("one")))
            let record = farm.deployments + "/client-versions/state.json"
            let contents = try readFile(record)
            func isHeldUp() throws -> Bool { try service.status().warnings.contains { $0.contains("cannot be removed") } }
            try writeFile(record, "no record")
            #expect(try await service.outcome(of: farm.commit(["broken": ""])).state == .failed)
            try await eventually("it is said") { try isHeldUp() }
            // Work of nobody's goes with each try. The first of these may be the failed deployment's own, the second is none.
            for number in 8...9 {
                try makeDirectories(farm.deployments + "/work/\(number)")
                try await eventually("it is tried", within: 60) { !exists(farm.deployments + "/work/\(number)") }
            }
            #expect(try isHeldUp())
            let left = farm.settings.clientPublic + "/.pinfold-staging/7"
            try makeDirectories(left)
            try writeFile(left + "/0", "of a crash")
            try writeFile(record, contents)
            try await eventually("it is over", within: 60) { try !isHeldUp() }
            #expect(!exists(farm.settings.clientPublic + "/.pinfold-staging"))
        }
    }
}
