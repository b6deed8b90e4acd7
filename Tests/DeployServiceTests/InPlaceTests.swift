import CLinux
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// A target that is a directory, with files of the server's own in it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct InPlaceTests {
    private static func inPlace(_ farm: inout Farm) throws {
        farm.settings.versions.target = farm.root + "/server"
        farm.settings.health.command = "! test -e \"$PINFOLD_TARGET/sick\""
        try makeDirectories(farm.root + "/server")
    }

    private func rolledBack(_ service: DeployService, to id: Int?) async throws -> Deployment {
        let back = try await service.rollback(to: id, by: admin)
        return try await service.settled(back.id, withinMilliseconds: 60_000)
    }

    private func files(below path: String) throws -> [String] {
        try run("find", [path, "-mindepth", "1", "-printf", "%P\n"]).output.split(separator: "\n").map(String.init).sorted()
    }

    @Test func `what the server writes is neither taken back by a rollback nor deleted afterwards`() async throws {
        try await withFarm(Self.inPlace) { farm, service in
            let target = farm.settings.versions.target
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(target + "/data.db", "row 1\n")
            try await service.deployed(farm.commit(["a": "2"]))
            try writeFile(target + "/data.db", "row 1\nrow 2\n")
            #expect(try await rolledBack(service, to: nil).state == .deployed)
            #expect(try farm.deployed("a") == "1")
            #expect(try farm.deployed("data.db") == "row 1\nrow 2\n")
            try farm.agent("git revert --no-edit HEAD >/dev/null; echo 3 > b; git add -A; git commit -qm three")
            try await service.deployed(farm.head())
            #expect(try farm.deployed("data.db") == "row 1\nrow 2\n")
            // Nothing of the server's has become a deployment's.
            for release in try files(below: farm.deployments + "/releases") { #expect(!release.contains("data.db"), "\(release)") }
            #expect(try !readFile(farm.deployments + "/owned-paths").contains("data.db"))
        }
    }

    @Test func `a rollback whose release is gone takes the deployed files of the backup, and those as the commit has them`()
        async throws
    {
        try await withFarm({ farm in
            try Self.inPlace(&farm)
            farm.settings.build.command = "mkdir -p dist && cat a > dist/made"
        }) { farm, service in
            let target = farm.settings.versions.target
            let first = try await service.deployed(farm.commit(["a": "1\n", "lib/b": "1\n"]))
            try writeFile(target + "/data.db", "old")
            try writeFile(target + "/lib/b", "written by the server")
            try await service.deployed(farm.commit(["a": "2\n", "lib/b": nil]))
            try writeFile(target + "/data.db", "new")
            try run("rm", ["-r", try #require(first.release)]).requireSuccess()
            #expect(try await rolledBack(service, to: first.id).state == .deployed)
            #expect(try farm.deployed("a") == "1\n")
            #expect(try farm.deployed("lib/b") == "1\n")
            #expect(try farm.deployed("dist/made") == "1\n")
            #expect(try farm.deployed("data.db") == "new")
        }
    }

    @Test func `a file of the server's that a commit adds too fails that commit, and nothing is changed`() async throws {
        try await withFarm(Self.inPlace) { farm, service in
            let target = farm.settings.versions.target
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(target + "/settings", "the server's")
            try makeDirectories(target + "/data/deep")
            try writeFile(target + "/data/deep/own", "the server's")
            let before = try files(below: target)
            for added in ["settings", "data", "data/deep/own", "settings/inside"] {
                // Sick as well: the way back of a version that never came changes nothing either.
                let commit = try farm.commit(["a": "2", added: "the commit's", "sick": ""])
                let outcome = try await service.outcome(of: commit)
                #expect(outcome.state == .failed, "\(added): \(outcome.state.rawValue)")
                #expect(outcome.reason?.contains("no deployment put there") == true, "\(outcome.reason ?? "")")
                #expect(outcome.advice?.contains("move it away") == true)
                #expect(try files(below: target) == before)
                #expect(try farm.deployed("a") == "1")
                #expect(try farm.deployed("settings") == "the server's")
                try farm.git("reset", "-q", "--hard", "HEAD~1")
            }
            #expect(try service.status().quarantine.isEmpty)
            // Beside it there is room.
            try await service.deployed(farm.commit(["a": "2", "data/code": "1"]))
            try await service.deployed(farm.commit(["data/code": nil]))
            #expect(try farm.deployed("data/deep/own") == "the server's")
        }
    }

    @Test func `a file of the server's with the very bytes of the commit stays the server's`() async throws {
        try await withFarm(Self.inPlace) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(farm.settings.versions.target + "/same", "x")
            try await service.deployed(farm.commit(["same": "x"]))
            #expect(try await rolledBack(service, to: nil).state == .deployed)
            #expect(try farm.deployed("same") == "x")
        }
    }

    @Test func `a name that a deployment gave up is the server's when the server takes it`() async throws {
        try await withFarm(Self.inPlace) { farm, service in
            try await service.deployed(farm.commit(["a": "1", "cache": "the commit's"]))
            try await service.deployed(farm.commit(["cache": nil]))
            try writeFile(farm.settings.versions.target + "/cache", "the server's")
            try await service.deployed(farm.commit(["a": "2"]))
            #expect(try farm.deployed("cache") == "the server's")
        }
    }

    @Test func `a first deployment takes over what was installed, and no more than the code that the admin began with`()
        async throws
    {
        try await withFarm({ farm in
            try Self.inPlace(&farm)
            let baseline = try farm.commit(["app": "1"])
            try makeDirectories(farm.deployments)
            try writeFile(farm.deployments + "/baseline", baseline.hex)
            try writeFile(farm.settings.versions.target + "/app", "patched by hand")
            try writeFile(farm.settings.versions.target + "/notes", "the admin's")
            try farm.commit(["app": "2", "notes": "the commit's"])
        }) { farm, service in
            let outcome = try await service.outcome(of: farm.head())
            #expect(outcome.state == .failed && outcome.reason?.contains("/notes") == true, "\(outcome.reason ?? "")")
            #expect(try farm.deployed("app") == "patched by hand")
            try await service.deployed(farm.commit(["notes": nil]))
            #expect(try farm.deployed("app") == "2")
            #expect(try farm.deployed("notes") == "the admin's")
        }
    }

    @Test func `a version that must not run goes, whatever its server has put in the way`() async throws {
        try await withFarm({ farm in
            try Self.inPlace(&farm)
            farm.settings.reload.command =
                "! test -e \"$PINFOLD_TARGET/sick\" || { mkdir \"$PINFOLD_TARGET/a\"; echo mine > \"$PINFOLD_TARGET/a/own\"; }"
        }) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let outcome = try await service.outcome(of: farm.commit(["a": nil, "sick": ""]))
            #expect(outcome.state == .rolledBack, "\(outcome.reason ?? "")")
            #expect(try farm.deployed("a") == "1")
            #expect(try farm.deployed("a.before-pinfold-1/own") == "mine\n")
        }
    }

    @Test func `an error in the middle leads back to the old version, and blames no commit`() async throws {
        try await withFarm(Self.inPlace) { farm, service in
            let target = farm.settings.versions.target
            try await service.deployed(farm.commit(["a": "1", "gone": "1", "lib/x": "1", "z": "1"]))
            // What is mounted on cannot be renamed over.
            try run("mount", ["--bind", target + "/z", target + "/z"]).requireSuccess()
            let before = try files(below: target)
            let commit = try farm.commit(["a": "2", "gone": nil, "lib/x": nil, "new/y": "2", "z": "2"])
            let outcome = try await service.outcome(of: commit)
            try run("umount", [target + "/z"]).requireSuccess()
            #expect(outcome.state == .failed && outcome.stage == .switch, "\(outcome.reason ?? "")")
            #expect(try files(below: target) == before)
            #expect(try farm.deployed("a") == "1")
            #expect(try farm.deployed("gone") == "1")
            #expect(try service.status().quarantine.isEmpty)
            try await eventually("nothing of it is left") { try files(below: farm.deployments + "/work").isEmpty }

            let again = try await service.deploy(DeployActionRequest(commitMessage: "again"), by: admin)
            #expect(try await service.settled(again.id, withinMilliseconds: 60_000).state == .deployed)
            #expect(try files(below: target) == ["a", "new", "new/y", "z"])
        }
    }

    @Test func `where what is owned cannot be written down nothing has changed, and no commit is blamed`() async throws {
        try await withFarm(Self.inPlace) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            // A directory stands where the list goes.
            try makeDirectories(farm.deployments + "/work/in-place.journal.owned/x")
            let outcome = try await service.outcome(of: farm.commit(["a": "2", "b": "2"]))
            #expect(outcome.state == .failed && outcome.stage == .switch, "\(outcome.state.rawValue) \(outcome.reason ?? "")")
            #expect(try files(below: farm.settings.versions.target) == ["a"])
            #expect(try farm.deployed("a") == "1")
            #expect(try service.status().quarantine.isEmpty)
            try run("rm", ["-r", farm.deployments + "/work/in-place.journal.owned"]).requireSuccess()
            try await service.deployed(farm.commit(["a": "3"]))
            #expect(try files(below: farm.settings.versions.target) == ["a", "b"])
        }
    }

    @Test func `no commit gets into Pinfold's own directories in the target, or into the staging directory`() async throws {
        try await withFarm({ farm in
            farm.settings.versions.target = farm.root
            farm.settings.judge.requiresApproval = false
        }) { farm, service in
            for path in ["agent-data/deployments/hooks/pre-push", "agent-data/new", ".pinfold-staging/1"] {
                let outcome = try await service.outcome(of: farm.commit([path: "#!/bin/sh\n"]))
                #expect(
                    outcome.state == .failed && outcome.stage == .switch, "\(path): \(outcome.reason ?? outcome.state.rawValue)")
                #expect(!exists(farm.root + "/" + path))
                try farm.git("rm", "-q", "-f", path)
            }
            try await service.deployed(farm.commit(["code": "1"]))
            #expect(try farm.deployed("code") == "1")
        }
    }
}
