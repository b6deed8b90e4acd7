internal import DeployModel
internal import DeploySteps
internal import LinuxSystem
internal import QuietTasks
internal import SystemPackage

/// Looks at the health of the server that runs, every so often, on a thread of its own: a look may take half a minute, and the loop waits for
/// none. It decides nothing; it rings when what it finds is another thing than before.
///
/// One bad answer is none yet: the server is ill when it has had no good one for as long as it may take for its first after a deployment.
final class HealthWatch: Sendable {
    enum Finding: Hashable, Sendable {
        case well
        case ill(String, since: Timestamp)
        /// The check could not be made: that says nothing about the server.
        case unknown(String)
    }

    let version: StatusDocument.DeployedVersion
    private let settings: PipelineSettings
    private let cancellation = Cancellation()
    private let stopping: Bell
    private let found = Lock<Finding>(.well)
    private let ended = Lock(false)

    init(
        of version: StatusDocument.DeployedVersion, _ settings: PipelineSettings, ring: @escaping @Sendable () -> Void
    ) throws(Errno) {
        self.version = version
        self.settings = settings
        stopping = try Bell()
        _ = try SystemThread("pinfold-health", stack: SystemThread.deepStack) { [self] in
            watch(ring)
            ended.withLock { $0 = true }
        }
    }

    var finding: Finding { found.withLock { $0 } }
    /// Whether it has stopped, and what it had started with it.
    var hasEnded: Bool { ended.withLock { $0 } }

    /// A look under way is called off, and its command killed; what it finds is nobody's any more.
    func stop() {
        cancellation.cancel("nobody watches any more")
        stopping.ring()
    }

    private func watch(_ ring: () -> Void) {
        var check = HealthCheck(of: version, settings, cancellation: cancellation)
        let clock = ContinuousClock()
        var bad: (since: ContinuousClock.Instant, at: Timestamp)?
        while true {
            // Between the first bad answer and the verdict it looks more often: a good one in between is worth something.
            let isUndecided = bad != nil && finding == .well
            wait(milliseconds: isUndecided ? min(1000, settings.health.interval) : settings.health.interval)
            if cancellation.why != nil { return }
            let started = (clock.now, Clock.now)
            let problem: String?
            do {
                problem = try check.look()
            } catch {
                if cancellation.why != nil { return }
                if found.change(to: .unknown(explanation(of: error).reason)) { ring() }
                continue
            }
            guard let problem else {
                bad = nil
                if found.change(to: .well) { ring() }
                continue
            }
            let since = bad ?? (started.0, started.1)
            bad = since
            guard clock.now - since.since >= .milliseconds(settings.health.patience) else { continue }
            // Its first words stand: a server that is ill in another way each time is news once.
            if case .ill = finding { continue }
            if found.change(to: .ill(problem, since: since.at)) { ring() }
        }
    }

    private func wait(milliseconds: Int) {
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(milliseconds)
        while cancellation.why == nil, clock.now < end { stopping.wait(seconds: (end - clock.now) / .seconds(1)) }
    }
}

extension Lock<HealthWatch.Finding> {
    /// Whether it was another.
    fileprivate func change(to finding: State) -> Bool {
        withLock { found in
            guard found != finding else { return false }
            found = finding
            return true
        }
    }
}
