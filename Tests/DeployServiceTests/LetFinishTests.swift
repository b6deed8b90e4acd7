import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// An agent that commits more often than its tests take has something deployed all the same.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct LetFinishTests {
    /// From the first run on that a newer commit would call off. The tests of what has a file `slow` go on until they are let go.
    private static func atOnce(_ farm: inout Farm) throws {
        farm.settings.commits.letFinish.runs = 0
        farm.settings.commits.letFinish.milliseconds = 0
        let gate = farm.root + "/gate"
        try makeDirectories(gate)
        farm.settings.tests.read = [gate]
        farm.settings.tests.command = "! test -e slow || while ! test -e '\(gate)/open'; do sleep 0.05; done"
    }

    private func letGo(_ farm: Farm) throws { try writeFile(farm.root + "/gate/open", "") }

    private func isKnown(_ commit: CommitID, _ service: DeployService) throws -> Bool {
        try service.history(limit: 5).contains { $0.commit == commit }
    }

    @Test func `after some runs that were called off one is let finish, deployed, and followed by the newest`() async throws {
        try await configured { farm in
            try Self.atOnce(&farm)
            farm.settings.commits.letFinish.runs = 3
            farm.settings.commits.letFinish.milliseconds = 1500
        }.run { farm, service in
            var number = 0
            try await eventually("one is let finish", within: 120) {
                number += 1
                try farm.agent("echo \(number) > a; touch slow; git add -A; git commit -qm \(number); sleep 0.3")
                return try service.history(limit: 100).contains { $0.letFinish != nil }
            }
            let last = try farm.commit(["a": "last"])
            try await eventually("the last is on record") { try isKnown(last, service) }
            try letGo(farm)
            try await service.deployed(last)
            let history = try service.history(limit: 500).filter { $0.kind == .commit }
            let kept = history.filter { $0.state == .deployed && $0.letFinish != nil }
            #expect(!kept.isEmpty)
            #expect(kept.allSatisfy { $0.letFinish?.contains("were called off by newer commits") == true })
            #expect(history.count { $0.state == .superseded } >= 3)
            #expect(history.allSatisfy { $0.state == .deployed || $0.state == .superseded })
            #expect(try farm.deployed("a") == "last")
        }
    }

    @Test func `a run that was let finish is not deployed once the branch has taken its commit back`() async throws {
        try await configured(Self.atOnce).run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let regretted = try farm.commit(["slow": "", "a": "2"])
            try await eventually("it is tested") { try service.history(limit: 1).first?.state == .testing }
            try farm.agent("git rm -q slow; echo 3 > a; git add a; git commit -q --amend -m amended")
            let amended = try farm.head()
            try await eventually("the amended one is on record") { try isKnown(amended, service) }
            try letGo(farm)
            try await service.deployed(amended)
            let ended = try #require(try service.history(limit: 5).first { $0.commit == regretted })
            #expect(ended.state == .superseded && ended.letFinish != nil, "\(ended.state.rawValue)")
            #expect(try farm.deployed("a") == "3\n")
        }
    }

    @Test func `a run that was let finish and would need a human gives way to the newest`() async throws {
        try await configured(Self.atOnce).run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let judged = try farm.commit(["slow": "", "tests/test_a.py": ""])
            try await eventually("it is tested") { try service.history(limit: 1).first?.state == .testing }
            let newest = try farm.commit(["slow": nil, "a": "2"])
            try await eventually("the newest is on record") { try isKnown(newest, service) }
            try letGo(farm)
            let asked = try await service.outcome(of: newest)
            #expect(asked.state == .awaitingApproval)
            #expect(try await service.outcome(of: judged).state == .superseded)
            try await eventually("the status says so") { try service.status().waiting?.commit == newest }
        }
    }

    @Test func `a rollback goes before a run that was let finish`() async throws {
        try await configured(Self.atOnce).run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            let slow = try farm.commit(["slow": "", "a": "3"])
            try await eventually("it is tested") { try service.history(limit: 1).first?.state == .testing }
            _ = try farm.commit(["a": "4"])
            try await eventually("it is let finish") { try service.history(limit: 5).first { $0.commit == slow }?.letFinish != nil }
            let back = try await service.rollback(to: nil, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 30_000).state == .deployed)
            #expect(try farm.deployed("a") == "1")
            #expect(try await service.outcome(of: slow).state == .superseded)
        }
    }
}
