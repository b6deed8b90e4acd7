import CLinux
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// Releases, backups and what is tested share the files that are the same in them, and none is ever changed by way of another.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SharingTests {
    @Test func `what tests do to their copy reaches nothing else`() async throws {
        try await configured { farm in
            farm.settings.tests.command =
                "set -e; test -O a; echo x >> a; chmod 600 b; rm c; mv lib renamed; touch renamed/new -d @0; ln b b2; echo x > b2; test -e renamed/x"
        }.run { farm, service in
            let files = ["a": "1", "b": "1", "c": "1", "lib/x": "1"]
            try await service.deployed(farm.commit(files))
            try await service.deployed(farm.commit(["d": "1"]))
            for name in files.keys {
                #expect(try farm.deployed(name) == "1")
                #expect(try #require(status(farm.current + "/" + name)).st_mode & 0o7777 == 0o644)
                #expect(try #require(status(farm.current + "/" + name)).st_uid == 0)
            }
            try await eventually("nothing of them is left") { try run("ls", ["-A", farm.deployments + "/work"]).output == "" }
        }
    }

    @Test func `an unchanged file is one file in release and backup, and a pruned release takes its record along`() async throws {
        try await configured { $0.settings.versions.keep = 1 }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1", "b": "1"]))
            let second = try await service.deployed(farm.commit(["b": "2"]))
            let backup = try #require(second.backup)
            let kept = try #require(status(backup + "/tree/a"))
            let served = try #require(status(farm.current + "/a"))
            #expect(kept.st_ino == served.st_ino)
            #expect(try readFile(backup + "/tree/b") == "1")
            try await eventually("one release and its record are left") {
                try run("ls", ["-A", farm.deployments + "/releases"]).output.split(separator: "\n").count == 2
            }
        }
    }

    @Test func `what somebody wrote into the release that is served is the commit's again in the next one`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "as committed", "b": "1"]))
            try writeFile(farm.current + "/a", "by hand")
            let second = try await service.deployed(farm.commit(["b": "2"]))
            #expect(try farm.deployed("a") == "as committed")
            // The backup is of what ran, as it was on disk.
            let backup = try #require(second.backup)
            #expect(try readFile(backup + "/tree/a") == "by hand")
        }
    }

    @Test func `what a version wrote into files that it shares with the last good one is gone after the way back`() async throws {
        try await configured { farm in
            farm.settings.reload.command = "! test -e \"$PINFOLD_TARGET/bad\" || echo ruined > \"$PINFOLD_TARGET/shared\""
            farm.settings.health.command = "! test -e \"$PINFOLD_TARGET/bad\""
        }.run { farm, service in
            let good = try farm.commit(["shared": "good\n"])
            try await service.deployed(good)
            #expect(try await service.outcome(of: farm.commit(["bad": ""])).state == .rolledBack)
            #expect(try farm.deployed("shared") == "good\n")
        }
    }

    @Test func `a rollback finds its version even where release and backup were written into`() async throws {
        try await withFarm { farm, service in
            let first = try await service.deployed(farm.commit(["a": "first\n", "b": "1"]))
            try await service.deployed(farm.commit(["b": "2"]))
            // The same file in both releases and in the backup.
            try writeFile(farm.current + "/a", "ruined")
            let back = try await service.rollback(to: first.id, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            #expect(try farm.deployed("a") == "first\n")
            #expect(try farm.deployed("b") == "1")
        }
    }

    @Test func `a build's output is in the release beside files that are the commit's`() async throws {
        try await configured { $0.settings.build.command = "mkdir -p dist; cat a > dist/made; test -O a" }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1", "b": "1"]))
            let two = try await service.deployed(farm.commit(["a": "2"]))
            #expect(try farm.deployed("dist/made") == "2")
            #expect(two.steps.first { $0.stage == .export }?.note?.contains("1 files shared") == true)
        }
    }
}
