internal import CLinux
internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import LinuxSystem
internal import SystemPackage

/// Makes room: removes what was moved out of the way, on a thread of its own that runs only while there is something to do. Hundreds of
/// thousands of files take a minute to go, and nobody waits for that.
final class Sweeper: Sendable {
    private struct State {
        var isRunning = false
        var isAskedAgain = false
        var isStopping = false
    }

    private let directories: [String]
    private let state = Lock(State())
    private let fault: FaultPoint
    private let whenDone: @Sendable (String?) -> Void

    /// - Parameter whenDone: gets what is wrong, nil where nothing is.
    init(_ settings: PipelineSettings, fault: FaultPoint, whenDone: @escaping @Sendable (String?) -> Void) {
        directories = [settings.data.work, settings.data.releases, settings.data.backups]
        self.fault = fault
        self.whenDone = whenDone
    }

    var isRunning: Bool { state.withLock { $0.isRunning } }

    /// Looks, and removes what there is; asked while it is at it, it looks once more.
    func sweep() {
        let isFirst = state.withLock { state in
            state.isAskedAgain = state.isRunning
            guard !state.isRunning, !state.isStopping else { return false }
            state.isRunning = true
            return true
        }
        guard isFirst else { return }
        do throws(Errno) {
            _ = try SystemThread("pinfold-sweep", stack: SystemThread.deepStack) { [self] in work() }
        } catch {
            state.withLock { $0.isRunning = false }
            whenDone(DeployError.noThread(error).message)
        }
    }

    /// Lets it end after what it is removing now.
    func stop() { state.withLock { $0.isStopping = true } }

    private func work() {
        // For this thread alone (`man 2 setpriority`): whatever serves somebody goes first.
        pinfold_lower_own_priority()
        while true {
            var problem: String?
            fault.reach("sweep", "inside")
            do {
                try Tree.removeDiscarded(in: directories) { state.withLock { $0.isStopping } }
            } catch {
                problem = explanation(of: error).reason
            }
            let isDone = state.withLock { state in
                guard state.isAskedAgain, !state.isStopping else {
                    state.isRunning = false
                    return true
                }
                state.isAskedAgain = false
                return false
            }
            if isDone { return whenDone(problem) }
        }
    }
}
