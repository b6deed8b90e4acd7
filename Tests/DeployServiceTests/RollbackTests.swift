import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct RollbackTests {
    /// Healthy is what has no file `sick`.
    private static func health(_ farm: inout Farm) {
        farm.settings.health.command = "test -e \"$PINFOLD_TARGET\" && ! test -e \"$PINFOLD_TARGET/sick\""
        farm.settings.reload.command = "echo $PINFOLD_COMMIT >> '\(farm.root)/reloads'"
    }

    @Test func `an unhealthy version goes back to the last known good, and is quarantined until it is reverted or lifted`()
        async throws
    {
        try await withFarm(Self.health) { farm, service in
            let good = try farm.commit(["a": "1"])
            try await service.deployed(good)
            let bad = try farm.commit(["sick": "", "a": "2"])
            let rolledBack = try await service.outcome(of: bad)
            #expect(rolledBack.state == .rolledBack)
            #expect(try farm.deployed("a") == "1")
            #expect(try readFile(farm.root + "/reloads") == "\(good)\n\(bad)\n\(good)\n")
            try await eventually("the status says so") {
                let status = try service.status()
                return status.deployed?.commit == good && status.quarantine.map(\.commit) == [bad]
            }

            let onTop = try await service.outcome(of: farm.commit(["b": "1"]))
            #expect(onTop.state == .failed)
            #expect(onTop.reason?.contains("without reverting it") == true)

            try farm.git("revert", "--no-edit", bad.hex)
            try await service.deployed(farm.head())
            #expect(try farm.deployed("b") == "1")
        }
    }

    @Test func `a lifted commit is tried again`() async throws {
        try await configured { farm in
            Self.health(&farm)
            farm.settings.health.command = "test -e '\(farm.root)/well' || ! test -e \"$PINFOLD_TARGET/sick\""
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let commit = try farm.commit(["sick": ""])
            #expect(try await service.outcome(of: commit).state == .rolledBack)
            try writeFile(farm.root + "/well", "")
            #expect(try await service.lift(commit.short, by: admin).commit == commit)
            try await service.deployed(commit)
            try await eventually("nothing is quarantined") { try service.status().quarantine.isEmpty }
        }
    }

    @Test func `an unhealthy first version leaves nothing running, and says so`() async throws {
        try await withFarm(Self.health) { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["sick": ""]))
            #expect(outcome.state == .failed)
            #expect(outcome.reason?.contains("nothing runs now") == true)
            #expect(!exists(farm.settings.versions.target))
        }
    }

    @Test func `a failing reload goes back too, and a failing way back is not called a success`() async throws {
        try await configured { $0.settings.reload.command = "test ! -e '\($0.root)/stuck'" }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(farm.root + "/stuck", "")
            let outcome = try await service.outcome(of: farm.commit(["a": "2"]))
            #expect(outcome.state == .failed)
            #expect(outcome.reason?.contains("not well either") == true)
            #expect(try farm.deployed("a") == "1")
        }
    }

    @Test func `rollback leads to the last good version or to any, and quarantines what it left`() async throws {
        try await withFarm { farm, service in
            var commits: [CommitID] = []
            for number in 1...3 {
                commits.append(try farm.commit(["a": "\(number)"]))
                try await service.deployed(commits[number - 1])
            }
            let back = try await service.rollback(to: nil, by: admin)
            let ended = try await service.settled(back.id, withinMilliseconds: 60_000)
            #expect(ended.state == .deployed)
            #expect(ended.commit == commits[1])
            #expect(try farm.deployed("a") == "2")
            #expect(try service.history(limit: 10).first { $0.commit == commits[2] }?.state == .rolledBack)
            try await eventually("the status says so") { try service.status().quarantine.map(\.commit) == [commits[2]] }

            let first = try #require(service.history(limit: 10).last)
            let further = try await service.rollback(to: first.id, by: admin)
            #expect(try await service.settled(further.id, withinMilliseconds: 60_000).state == .deployed)
            #expect(try farm.deployed("a") == "1")
            await #expect(throws: DeployError.self) { _ = try await service.rollback(to: 999, by: admin) }
        }
    }

    @Test func `a rollback uses the backup where the release was damaged`() async throws {
        try await withFarm { farm, service in
            let one = try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            // Replaced, not written: the backup shares the file.
            let file = try #require(one.release) + "/a"
            try run("bash", ["-c", "echo tampered > \"$1.new\" && mv \"$1.new\" \"$1\"", "-", file]).requireSuccess()
            let back = try await service.rollback(to: one.id, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            #expect(try farm.deployed("a") == "1")
        }
    }

    @Test func `a directory is brought up to date in place, and what is not Pinfold's stays`() async throws {
        try await configured { farm in
            Self.health(&farm)
            farm.settings.versions.target = farm.root + "/server"
            farm.settings.health.command = "! test -e \"$PINFOLD_TARGET/sick\""
            try makeDirectories(farm.root + "/server/data")
            try writeFile(farm.root + "/server/data/own", "kept")
            try writeFile(farm.root + "/server/a", "before")
        }.run { farm, service in
            let first = try await service.deployed(farm.commit(["a": "1", "lib/b": "1", "lib/deep/c": "1"]))
            #expect(try farm.deployed("a") == "1")
            #expect(try readFile(try #require(first.backup) + "/tree/a") == "before")
            try await service.deployed(farm.commit(["a": "2", "lib/deep/c": nil, "d": "1"]))
            #expect(!exists(farm.settings.versions.target + "/lib/deep"))
            #expect(try farm.deployed("lib/b") == "1")
            #expect(try farm.deployed("data/own") == "kept")

            // What the server writes meanwhile survives the way back.
            try writeFile(farm.root + "/server/data/log", "written")
            let bad = try await service.outcome(of: farm.commit(["sick": "", "a": "3"]))
            #expect(bad.state == .rolledBack)
            #expect(try farm.deployed("a") == "2")
            #expect(!exists(farm.settings.versions.target + "/sick"))
            #expect(try farm.deployed("data/log") == "written")
            #expect(!exists(farm.settings.versions.target + "/.pinfold-staging"))

            let back = try await service.rollback(to: first.id, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            #expect(try farm.deployed("lib/deep/c") == "1")
            #expect(!exists(farm.settings.versions.target + "/d"))
        }
    }

    @Test func `an unhealthy first version in place puts back what was there`() async throws {
        try await configured { farm in
            farm.settings.versions.target = farm.root + "/server"
            farm.settings.health.command = "! test -e \"$PINFOLD_TARGET/sick\""
            try makeDirectories(farm.root + "/server")
            try writeFile(farm.root + "/server/a", "before")
        }.run { farm, service in
            let outcome = try await service.outcome(of: farm.commit(["sick": "", "a": "1"]))
            #expect(outcome.state == .rolledBack)
            #expect(try farm.deployed("a") == "before")
            #expect(!exists(farm.settings.versions.target + "/sick"))
        }
    }
}
