internal import Fence
internal import GitRepository
internal import LinuxSystem

extension Work.Tools {
    /// Does again what failed because the machine had no process, memory or descriptor left: after one second, two, four, …, for five minutes
    /// altogether. A commit is not to blame for that. Every other error, and being called off, ends it at once.
    func persistently<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(300)
        var pause = Duration.seconds(1)
        while true {
            do {
                return try body()
            } catch  where isPassing(error) && clock.now + pause < deadline {
                log.note("\(what) is tried again in \(pause.components.seconds) s: \(explanation(of: error).reason)")
            }
            let due = clock.now + pause
            while clock.now < due {
                try cancellation.check()
                SystemThread.sleep(milliseconds: 20)
            }
            pause = min(pause * 2, .seconds(30))
        }
    }
}

private func isPassing(_ error: any Error) -> Bool {
    switch error {
    case let error as GitError: error.kind == .busy
    case let error as FenceError: error.passes
    default: false
    }
}
