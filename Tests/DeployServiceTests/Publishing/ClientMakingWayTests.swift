import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// A way back beside a publishing that was left behind.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ClientMakingWayTests {
    /// Has the first publishing stand still when its files are placed, until the next one is about to place its pages; and that one, until
    /// the first has come to its end.
    private final class Meeting: Sendable {
        private struct State {
            var isArmed = false
            var isLeft = false
            var goesOn = false
            var hasEnded = false
        }

        private let state = Lock(State())

        var fault: FaultPoint { FaultPoint(armed: nil) { [self] in come(to: $0) } }
        var isLeft: Bool { state.withLock { $0.isLeft } }
        var hasEnded: Bool { state.withLock { $0.hasEnded } }

        func arm() { state.withLock { $0.isArmed = true } }
        func letGo() { state.withLock { ($0.isArmed, $0.goesOn, $0.hasEnded) = (false, true, true) } }

        private func come(to point: String) {
            switch point {
            case "publish_assets:placed":
                let isFirst = state.withLock { state in
                    guard state.isArmed, !state.isLeft else { return false }
                    state.isLeft = true
                    return true
                }
                while isFirst, state.withLock({ !$0.goesOn }) { pause(milliseconds: 2) }
            case "publish:page-0":
                guard state.withLock({ $0.isLeft }) else { return }
                state.withLock { $0.goesOn = true }
                while !hasEnded { pause(milliseconds: 2) }
            case "publish_assets:end": state.withLock { $0.hasEnded = $0.hasEnded || $0.goesOn }
            default: return
            }
        }
    }

    @Test func `a publishing that was left behind takes nothing from the rollback that goes on beside it`() async throws {
        let meeting = Meeting()
        try await withFarm(ClientFarm.make, fault: meeting.fault) { farm, service in
            defer { meeting.letGo() }
            let first = try await service.deployed(farm.commit(ClientFarm.files("one")))
            try await service.deployed(farm.commit(ClientFarm.files("two")))
            meeting.arm()
            try farm.commit(ClientFarm.files("three"))
            try await eventually("its files are placed") { meeting.isLeft }
            let back = try await service.rollback(to: first.id, by: admin)
            let ended = try await service.settled(back.id, withinMilliseconds: 60_000)
            #expect(ended.state == .deployed, "\(ended.reason ?? "")")
            #expect(meeting.hasEnded)
            #expect(try ClientFarm.says("one", farm))
            #expect(try ClientFarm.names(farm).allSatisfy { !$0.hasPrefix(".") })
        }
    }
}
