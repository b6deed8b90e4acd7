internal import CLinux
internal import DeployModel
internal import DeploySteps
internal import Foundation
internal import LinuxSystem

/// One step running on a thread of its own, so that the loop goes on recording commits and answers meanwhile.
final class StepWorker: Sendable {
    enum Result: Sendable {
        case outcome(StepOutcome, Work)
        case failed(any Error, Work)
    }

    let deployment: Int
    let stage: Stage
    let cancellation: Cancellation
    let started = Clock.now
    private let result = Lock<Result?>(nil)

    init(_ step: Step, _ work: Work, whenDone: @escaping @Sendable () -> Void) {
        deployment = work.deployment.id
        stage = step.stage
        cancellation = work.tools.cancellation
        let thread = Thread { [result] in
            unsafe pinfold_thread_name("pinfold-\(step.stage.rawValue)")
            var work = work
            do {
                work.tools.fault.reach(step.stage.rawValue, "begin")
                let outcome = try step.run(&work)
                work.tools.fault.reach(step.stage.rawValue, "end")
                result.withLock { $0 = .outcome(outcome, work) }
            } catch {
                // What was called off before it touched anything failed because of that, whatever it says.
                let why = step.stage.targetUse == .none ? work.tools.cancellation.why : nil
                result.withLock { $0 = .failed(why.map { Cancelled(reason: $0) } ?? error, work) }
            }
            whenDone()
        }
        thread.stackSize = 8 << 20
        thread.name = "pinfold-\(step.stage.rawValue)"
        thread.start()
    }

    /// What came of it; nil while it runs.
    var finished: Result? { result.withLock { $0 } }
}
