import CLinux
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct HealthTests {
    /// Healthy is a server beside which lies no file `ill`, and each look is counted.
    private static func watched(_ farm: inout Farm) {
        farm.settings.health.command = "echo >> '\(farm.root)/looks'; ! test -e '\(farm.root)/ill'"
        farm.settings.health.patience = 300
        farm.settings.health.interval = 50
    }

    private func warning(_ service: DeployService) throws -> String? {
        try service.status().warnings.first { $0.contains("not healthy") }
    }

    @Test func `a server that falls ill later is told of, until it is well again, and stays`() async throws {
        try await withFarm(Self.watched) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            let looks = try readFile(farm.root + "/looks").count
            try await eventually("it is looked at again and again") { try readFile(farm.root + "/looks").count > looks + 4 }
            #expect(try warning(service) == nil)
            try writeFile(farm.root + "/ill", "")
            try await eventually("the status tells") { try warning(service) != nil }
            #expect(try warning(service)?.contains("pinfold reload") == true)
            #expect(try farm.deployed("a") == "2")
            #expect(try service.history(limit: 10).count == 2)
            unsafe unlink(farm.root + "/ill")
            try await eventually("and that it is over") { try warning(service) == nil }
            let events = try service.events(limit: 10).filter { $0.who == "health watch" }.map(\.outcome)
            #expect(events.count == 2 && events[0] == "healthy again" && events[1].contains("exit code 1"), "\(events)")
        }
    }

    @Test func `one bad answer among good ones is no illness`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            // Longer than a slow look takes, and shorter than all of them.
            farm.settings.health.patience = 3000
            // Every second look is bad.
            farm.settings.health.command =
                "echo >> '\(farm.root)/looks'; ! test -e '\(farm.root)/flutter' || test $(($(wc -l < '\(farm.root)/looks') % 2)) = 0"
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(farm.root + "/flutter", "")
            let looks = try readFile(farm.root + "/looks").count
            try await eventually("it is looked at often") { try readFile(farm.root + "/looks").count > looks + 80 }
            #expect(try service.events(limit: 10).filter { $0.who == "health watch" }.isEmpty)
        }
    }

    @Test func `a server that falls ill later is taken back where that is configured, and its commit is quarantined`() async throws
    {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.illness = .rollback
            farm.settings.health.command = "! test -e '\(farm.root)/ill' || ! grep -q 2 \"$PINFOLD_TARGET/a\""
        }.run { farm, service in
            let good = try farm.commit(["a": "1"])
            try await service.deployed(good)
            let bad = try farm.commit(["a": "2"])
            try await service.deployed(bad)
            try writeFile(farm.root + "/ill", "")
            try await eventually("it is taken back") { try service.status().deployed?.commit == good }
            try await eventually("and it says why") {
                try service.history(limit: 5).first { $0.commit == bad }?.reason?.contains("not healthy since") == true
            }
            try await eventually("the status says so") { try service.status().quarantine.map(\.commit) == [bad] }
            #expect(try farm.deployed("a") == "1")
            #expect(try service.history(limit: 1).first?.requestReason?.contains("exit code 1") == true)
        }
    }

    @Test func `where the version before is as ill, the newer one comes back and stays, and nothing is quarantined`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.illness = .rollback
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let newer = try farm.commit(["a": "2"])
            try await service.deployed(newer)
            try writeFile(farm.root + "/ill", "")
            try await eventually("it has been tried") {
                try service.history(limit: 1).first.map { $0.kind != .commit && $0.state == .failed } == true
            }
            // It stays ill, and is told of, but not tried again.
            try await eventually("the status tells") { try warning(service)?.contains("pinfold reload") == true }
            #expect(try farm.deployed("a") == "2")
            #expect(try service.status().quarantine.isEmpty)
            #expect(try service.history(limit: 10).count == 3)
        }
    }

    @Test func `nobody is taken back during a hold`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.illness = .rollback
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            _ = try await service.hold(reason: "at work", by: admin)
            try writeFile(farm.root + "/ill", "")
            try await eventually("the status tells") { try warning(service) != nil }
            #expect(try service.history(limit: 10).count == 2)
        }
    }

    @Test func `a failing check quarantines nothing where the way back fails it too`() async throws {
        try await withFarm(Self.watched) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(farm.root + "/ill", "")
            let commit = try farm.commit(["a": "2"])
            let outcome = try await service.outcome(of: commit)
            #expect(outcome.state == .failed && outcome.reason?.contains("not well either") == true)
            #expect(try service.status().quarantine.isEmpty)
            unsafe unlink(farm.root + "/ill")
            let again = try await service.deploy(DeployActionRequest(commitMessage: "again"), by: admin)
            #expect(again.commit == commit)
            #expect(try await service.settled(again.id, withinMilliseconds: 60_000).state == .deployed)
        }
    }

    @Test func `a look that hangs holds nothing up`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.command = "echo >> '\(farm.root)/looks'; test -e '\(farm.root)/quick' || sleep 100"
        }.run { farm, service in
            try writeFile(farm.root + "/quick", "")
            try await service.deployed(farm.commit(["a": "1"]))
            unsafe unlink(farm.root + "/quick")
            let looks = try readFile(farm.root + "/looks").count
            try await eventually("a look hangs") { try readFile(farm.root + "/looks").count > looks }
            let clock = ContinuousClock()
            let start = clock.now
            _ = try await service.hold(reason: "look", by: admin)
            try await service.resume(by: admin)
            #expect(clock.now - start < .seconds(25))
            try writeFile(farm.root + "/quick", "")
            try await service.deployed(farm.commit(["a": "2"]))
            #expect(clock.now - start < .seconds(28))
        }
    }

    @Test func `a server that goes on serving the old version is not taken for the new one`() async throws {
        try await configured { farm in
            // The reload does nothing once this file is there.
            farm.settings.reload.command = "test -e '\(farm.root)/stuck' || echo $PINFOLD_COMMIT > '\(farm.root)/served'"
            farm.settings.health.command = "echo \"commit: $(cat '\(farm.root)/served')\""
        }.run { farm, service in
            let good = try farm.commit(["a": "1"])
            let one = try await service.deployed(good)
            #expect(one.steps.last?.note == "healthy, and serves this commit")
            try writeFile(farm.root + "/stuck", "")
            let outcome = try await service.outcome(of: farm.commit(["a": "2"]))
            #expect(outcome.state == .rolledBack)
            #expect(outcome.reason?.contains("serves commit \(good.hex), not \(outcome.commit.short)") == true)
        }
    }

    @Test func `a rollback that could not be recorded at first is made all the same`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.illness = .rollback
            farm.settings.health.command = "! test -e '\(farm.root)/ill' || ! grep -q 2 \"$PINFOLD_TARGET/a\""
        }.run { farm, service in
            let good = try farm.commit(["a": "1"])
            try await service.deployed(good)
            try await service.deployed(farm.commit(["a": "2"]))
            try farm.history("CREATE TRIGGER refusal BEFORE INSERT ON decisions BEGIN SELECT RAISE(ABORT, 'not now'); END")
            try writeFile(farm.root + "/ill", "")
            try await eventually("it cannot be recorded") { try service.status().warnings.contains { $0.contains("not now") } }
            #expect(try warning(service) == nil)
            try farm.history("DROP TRIGGER refusal")
            try await eventually("it is taken back") { try service.status().deployed?.commit == good }
            try await eventually("it is told once") {
                try service.events(limit: 20).count { $0.who == "health watch" && $0.outcome.contains("not healthy") } == 1
            }
        }
    }

    @Test func `a look that hangs ends with the daemon`() async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            Self.watched(&farm)
            farm.settings.health.command = "! test -e '\(root)/hang' || { echo $$ > '\(root)/pid'; exec sleep 100; }"
            let ready = farm
            try await withService(ready) { service in
                try await service.deployed(ready.commit(["a": "1"]))
                try writeFile(root + "/hang", "")
                try await eventually("a look hangs") { (try? readFile(root + "/pid"))?.hasSuffix("\n") == true }
            }
            let pid = try #require(Int32(readFile(root + "/pid").filter(\.isNumber)))
            #expect(kill(pid, 0) == -1)
        }
    }
}
