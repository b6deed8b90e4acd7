import CLinux
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReloadTests {
    /// A reload works while no file `stuck` lies beside it, and each is written down.
    private static func reloading(_ farm: inout Farm) {
        farm.settings.reload.command =
            "echo $PINFOLD_COMMIT >> '\(farm.root)/reloads'; test ! -e '\(farm.root)/stuck'"
        farm.settings.health.command = "test ! -e '\(farm.root)/ill'"
        farm.settings.health.illness = .ignore
    }

    private func reloaded(_ service: DeployService) async throws -> Deployment {
        let record = try await service.reload(by: admin)
        return try await service.settled(record.id, withinMilliseconds: 60_000)
    }

    @Test func `after a failed way back the old version is reloaded and checked once more`() async throws {
        try await withFarm(Self.reloading) { farm, service in
            let good = try farm.commit(["a": "1"])
            let first = try await service.deployed(good)
            try writeFile(farm.root + "/stuck", "")
            let outcome = try await service.outcome(of: farm.commit(["a": "2"]))
            #expect(outcome.state == .failed && outcome.advice?.contains("pinfold reload") == true, "\(outcome.advice ?? "")")

            let tooEarly = try await reloaded(service)
            #expect(tooEarly.state == .failed && tooEarly.stage == .reload)
            #expect(tooEarly.advice?.contains("pinfold reload") == true)
            unsafe unlink(farm.root + "/stuck")
            try writeFile(farm.root + "/ill", "")
            #expect(try await reloaded(service).stage == .check)
            unsafe unlink(farm.root + "/ill")

            let done = try await reloaded(service)
            #expect(done.state == .deployed && done.kind == .reload(of: first.id) && done.commit == good)
            #expect(try readFile(farm.root + "/reloads").split(separator: "\n").last == good.hex[...])
            let status = try service.status()
            #expect(status.deployed?.commit == good && status.lastKnownGood?.commit == good)
            #expect(status.deployed?.deployment == first.id)
            #expect(status.quarantine.isEmpty)
            // It is no version of its own, and none to go back to.
            await #expect(throws: DeployError.self) { _ = try await service.rollback(to: done.id, by: admin) }
        }
    }

    @Test func `a target that is no longer what is on record is made so again`() async throws {
        try await withFarm(Self.reloading) { farm, service in
            let deployed = try await service.deployed(farm.commit(["a": "1"]))
            try run("ln", ["-sfn", "/nowhere", farm.settings.versions.target]).requireSuccess()
            #expect(try await reloaded(service).state == .deployed)
            #expect(try farm.deployed("a") == "1")
            // Its release is gone as well: from its backup, where there is one.
            try await service.deployed(farm.commit(["a": "2"]))
            let back = try await service.rollback(to: deployed.id, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            try run("rm", ["-r", try #require(deployed.release)]).requireSuccess()
            #expect(try await reloaded(service).state == .deployed)
            #expect(try farm.deployed("a") == "1")
        }
    }

    @Test func `in place nothing of a target that is whole is changed`() async throws {
        try await withFarm({ farm in
            Self.reloading(&farm)
            farm.settings.versions.target = farm.root + "/server"
            try makeDirectories(farm.root + "/server")
        }) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(farm.settings.versions.target + "/a", "patched by hand")
            #expect(try await reloaded(service).state == .deployed)
            #expect(try farm.deployed("a") == "patched by hand")
        }
    }

    @Test func `a reload goes before tests that run, which begin again, and waits for no hold`() async throws {
        try await configured { farm in
            Self.reloading(&farm)
            farm.settings.tests.command = "test ! -e slow || sleep 4"
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let slow = try farm.commit(["slow": ""])
            try await eventually("its tests run") { try service.history(limit: 1).first?.state == .testing }
            let done = try await reloaded(service)
            #expect(done.state == .deployed)
            #expect(try service.history(limit: 5).first { $0.commit == slow }?.state == .testing)
            try await service.deployed(slow)
            _ = try await service.hold(reason: "look", by: admin)
            #expect(try await reloaded(service).state == .deployed)
        }
    }

    @Test func `there is nothing to reload before anything is deployed, and no way where none is configured`() async throws {
        try await withFarm(Self.reloading) { _, service in
            await #expect(throws: DeployError.self) { _ = try await service.reload(by: admin) }
        }
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let error = await #expect(throws: DeployError.self) { _ = try await service.reload(by: admin) }
            #expect(error?.message.contains("AGENT_DEPLOY_RELOAD_COMMAND") == true)
        }
    }
}
