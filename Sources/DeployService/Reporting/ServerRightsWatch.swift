internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import Dispatch
internal import LinuxSystem

/// Looks with whose rights the deployed code runs.
///
/// A server is started by whoever likes, at any time: so it is looked for when the state is shown or asked for, and never by a clock. In a thread of its
/// own: a path of some process may lead to a filesystem that does not answer, and nobody here waits for that.
final class ServerRightsWatch: Sendable {
    private let directories: [String]
    private let agent: UInt32
    private let isLooking = Lock(false)
    private let look = DispatchGroup()
    /// When the last look ended.
    private let ended = Lock<ContinuousClock.Instant?>(nil)
    /// Who asks often is not kept waiting each time: a look that ended this long ago tells enough, and the next is begun all the same.
    private static let fresh = Duration.seconds(5)

    init(_ settings: PipelineSettings) {
        directories = [settings.versions.target, settings.data.releases]
        agent = settings.agentUID
    }

    /// Looks, unless that is being done, and waits for at most `milliseconds` where the last look is not fresh: for one that began after the call.
    /// - Parameter report: is given what is wrong, or nil.
    func look(waitingMilliseconds milliseconds: Int, _ report: @escaping @Sendable (String?) -> Void) {
        let deadline = DispatchTime.now() + .milliseconds(milliseconds)
        let isFresh = ended.withLock { $0.map { .now - $0 < Self.fresh } ?? false }
        let isMine = begin(report)
        guard milliseconds > 0, !isFresh, look.wait(timeout: deadline) == .success, !isMine else { return }
        // The one that was under way may have passed over a process before it became the server.
        _ = begin(report)
        _ = look.wait(timeout: deadline)
    }

    /// Begins a look unless one is under way; whether it was begun.
    private func begin(_ report: @escaping @Sendable (String?) -> Void) -> Bool {
        let isMine = isLooking.withLock { isLooking in
            guard !isLooking else { return false }
            isLooking = true
            // Under the lock: whoever finds that one is under way finds something to wait for.
            look.enter()
            return true
        }
        guard isMine else { return false }
        let search: @Sendable () -> Void = { [self] in
            report(ServerRights.excessive(runningFrom: directories, agent: agent).summary)
            ended.withLock { $0 = .now }
            isLooking.withLock { isLooking in
                isLooking = false
                look.leave()
            }
        }
        // Without a thread it is done here: late is better than not at all.
        if (try? SystemThread("rights", search)) == nil { search() }
        return true
    }
}
