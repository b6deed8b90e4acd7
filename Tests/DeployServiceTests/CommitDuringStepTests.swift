import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// A step that stands still at a named point while something else happens.
final class Stand: Sendable {
    private struct State {
        var point: String?
        var isReached = false
        var reached: Set<String> = []
    }

    private let state = Lock(State())

    var fault: FaultPoint { FaultPoint(armed: nil) { [self] in come(to: $0) } }

    /// Every point that was come to so far.
    var reached: Set<String> { state.withLock { $0.reached } }

    /// The next time that a thread comes to `point` it stands there until `goOn`.
    func hold(at point: String) { state.withLock { ($0.point, $0.isReached) = (point, false) } }

    var isHeld: Bool { state.withLock { $0.isReached } }

    func goOn() { state.withLock { ($0.point, $0.isReached) = (nil, false) } }

    private func come(to point: String) {
        let holds = state.withLock { state in
            state.reached.insert(point)
            guard state.point == point, !state.isReached else { return false }
            state.isReached = true
            return true
        }
        while holds, isHeld { pause(milliseconds: 2) }
    }
}

@Suite(.serialized, .timeLimit(.minutes(10)))
struct CommitDuringStepTests {
    /// The steps before which a deployment gives way to a newer commit, and those that it goes through with.
    private static let giveWay: [Stage] = [
        .takeIn, .export, .classify, .test, .buildClient, .approve, .backUp, .build, .publishAssets,
    ]
    private static let goThrough: [Stage] = [.switch, .reload, .publishIndex, .check]

    @Test func `of two commits, one made during any step of the other, the newer deploys, and no step is left out here`()
        async throws
    {
        let stand = Stand()
        try await withFarm(
            { farm in
                farm.settings.build.command = "true"
                farm.settings.reload.command = "true"
                farm.settings.health.command = "true"
            }, fault: stand.fault
        ) { farm, service in
            defer { stand.goOn() }
            try await service.deployed(farm.commit(["a": "0"]))
            #expect(Set(Pipeline.commit.map(\.stage)) == Set(Self.giveWay + Self.goThrough))
            for (number, stage) in (Self.giveWay + Self.goThrough).enumerated() {
                stand.hold(at: stage.rawValue + ":inside")
                let older = try farm.commit(["a": "\(number) older"])
                try await eventually("the older stands in \(stage.rawValue)") { stand.isHeld }
                let newer = try farm.commit(["a": "\(number) newer"])
                try await eventually("the newer is recorded") { try service.history(limit: 1).first?.commit == newer }
                stand.goOn()
                try await service.deployed(newer)
                let outcome = try #require(service.history(limit: 5).first { $0.commit == older })
                // Past the point of no return the older ran for a moment, whole and checked, before the newer did.
                #expect(
                    outcome.state == (Self.giveWay.contains(stage) ? .superseded : .deployed),
                    "\(stage.rawValue): \(outcome.reason ?? "")")
                #expect(try farm.deployed("a") == "\(number) newer")
                #expect(try service.history(limit: 100).count == 3 + 2 * number)
            }
        }
    }

    @Test func `a commit during the way back is deployed after it, and one during a rollback too`() async throws {
        let stand = Stand()
        try await withFarm({ $0.settings.health.command = "! test -e \"$PINFOLD_TARGET/sick\"" }, fault: stand.fault) {
            farm, service in
            defer { stand.goOn() }
            try await service.deployed(farm.commit(["a": "1"]))
            stand.hold(at: "go_back:inside")
            let bad = try farm.commit(["sick": "", "a": "2"])
            try await eventually("it goes back") { stand.isHeld }
            let newer = try farm.commit(["sick": nil, "a": "3"])
            try await eventually("the newer is recorded") { try service.history(limit: 1).first?.commit == newer }
            #expect(try farm.deployed("a") == "1")
            stand.goOn()
            #expect(try await service.outcome(of: bad).state == .rolledBack)
            // It has taken back one of the two files that the quarantined commit changed, and not the other to what it was.
            let outcome = try await service.outcome(of: newer)
            #expect(outcome.state == .failed && outcome.reason?.contains("without reverting it") == true)

            try farm.agent("git revert --no-edit HEAD HEAD~1 >/dev/null; echo 4 > a; git commit -qam four")
            try await service.deployed(farm.head())
            stand.hold(at: "switch:inside")
            let back = try await service.rollback(to: nil, by: admin)
            try await eventually("the rollback has switched") { stand.isHeld }
            let last = try farm.commit(["b": "5"])
            try await eventually("the newest is recorded") { try service.history(limit: 1).first?.commit == last }
            stand.goOn()
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            // Built on what was just left by an admin's decision: it needs a revert, or that decision taken back.
            #expect(try await service.outcome(of: last).state == .failed)
            #expect(try farm.deployed("a") == "1")
        }
    }

    @Test func `a step goes on with what it has made while nothing can be recorded`() async throws {
        let stand = Stand()
        try await withFarm(fault: stand.fault) { farm, service in
            defer { stand.goOn() }
            try await service.deployed(farm.commit(["a": "1"]))
            stand.hold(at: "back_up:inside")
            try farm.commit(["a": "2"])
            try await eventually("it stands in back_up") { stand.isHeld }
            try farm.history("CREATE TRIGGER refusal BEFORE INSERT ON deployments BEGIN SELECT RAISE(ABORT, 'not now'); END")
            let newer = try farm.commit(["a": "3"])
            try await eventually("nothing can be recorded") {
                try service.status().warnings.contains { $0.contains("not now") }
            }
            try farm.history("DROP TRIGGER refusal")
            // The loop has begun anew by then.
            try await eventually("it is recorded") { try service.history(limit: 1).first?.commit == newer }
            #expect(try run("ls", ["-A", farm.deployments + "/backups"]).output.contains(".part\n"))
            stand.goOn()
            try await service.deployed(newer)
        }
    }
}
