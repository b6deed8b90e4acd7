internal import DeployModel
internal import DeploySteps
internal import LinuxSystem
internal import SystemPackage

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
        do throws(Errno) {
            _ = try SystemThread("pinfold-\(step.stage.rawValue)", stack: SystemThread.deepStack) { [result] in
                let outcome = Self.run(step, work)
                result.withLock { $0 = outcome }
                whenDone()
            }
        } catch {
            result.withLock { $0 = .failed(DeployError.noThread(error), work) }
            whenDone()
        }
    }

    private static func run(_ step: Step, _ work: Work) -> Result {
        var work = work
        do {
            work.tools.fault.reach(step.stage.rawValue, "begin")
            let outcome = try step.run(&work)
            work.tools.fault.reach(step.stage.rawValue, "end")
            return .outcome(outcome, work)
        } catch {
            // What was called off before it touched anything failed because of that, whatever it says.
            let why = step.stage.targetUse == .none ? work.tools.cancellation.why : nil
            return .failed(why.map { Cancelled(reason: $0) } ?? error, work)
        }
    }

    /// What came of it; nil while it runs.
    var finished: Result? { result.withLock { $0 } }
}
