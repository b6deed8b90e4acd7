internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import PlainText
internal import QuietTasks

/// What becomes of a server that falls ill after its deployment succeeded.
final class ServerHealth {
    private let keeper: RecordKeeper
    private let bell: Bell
    private var watch: HealthWatch?
    /// What it found that has been told.
    private var told: HealthWatch.Finding?
    private var board: StatusBoard { keeper.board }
    private var settings: PipelineSettings { keeper.settings }

    init(_ keeper: RecordKeeper, _ bell: Bell) {
        self.keeper = keeper
        self.bell = bell
    }

    func stop() { watch?.stop() }

    /// Whether nobody looks any more; the command of a look that was called off has ended then, too.
    var hasStopped: Bool { watch?.hasEnded ?? true }

    /// Has the version that runs looked after, and takes in what was found.
    /// - Parameter stage: the step that runs.
    func tend(beside stage: Stage?) throws(DeployError) {
        let wanted = watched(beside: stage)
        if let former = watch, former.version != wanted {
            former.stop()
            watch = nil
            told = nil
            board.warn("health", nil)
        }
        if watch == nil, let wanted {
            let bell = self.bell
            do {
                watch = try HealthWatch(of: wanted, settings) { bell.ring() }
            } catch {
                board.warn("health", "nobody looks after the server's health: \(error)")
            }
        }
        guard let watch else { return }
        let finding = watch.finding
        guard finding != told ?? .well else { return }
        switch finding {
        case .well:
            tell(.gotWell(watch.version), "healthy again", of: watch.version)
            board.warn("health", nil)
        case .unknown(let why): board.warn("health", "the server's health cannot be looked at: \(why.plain())")
        case .ill(let problem, let since): try fellIll(watch.version, problem, since)
        }
        // Only now: what could not be recorded is found again in the next turn.
        told = finding
    }

    /// The version to look after: none where nothing says how, and none while a step has its hands on the target.
    private func watched(beside stage: Stage?) -> StatusDocument.DeployedVersion? {
        guard settings.health.illness != .ignore, settings.health.hasCheck, let document = board.document else { return nil }
        if document.current?.state.outlastsNewer == true { return nil }
        if let stage, stage.targetUse != .none { return nil }
        return document.deployed
    }

    private func fellIll(_ version: StatusDocument.DeployedVersion, _ problem: String, _ since: Timestamp) throws(DeployError) {
        let words = "not healthy since \(since): \(problem)"
        let isLeft = try takesBack(version)
        if isLeft {
            try keeper.store.write { history in
                _ = try history.append(.rollback(to: nil, because: words), by: .healthWatch, at: Clock.now)
            }
            bell.ring()
        }
        tell(.fellIll(version, words), words, of: version)
        if isLeft {
            board.warn("health", "the server is \(words.plain()); the last good version before it comes back")
        } else {
            board.warn(
                "health",
                "the server is \(words.plain()); `pinfold reload` reloads it, `pinfold rollback` goes back to the last good version"
            )
        }
    }

    /// Whether this illness is answered by a rollback. Once a version: where the version before it was no better, this one came back, and
    /// stays. Not while there is a hold, since somebody is at work; not on a full disk, on which the version before would be as ill.
    private func takesBack(_ version: StatusDocument.DeployedVersion) throws(DeployError) -> Bool {
        guard settings.health.illness == .rollback, DiskReserve.exhaustion(settings) == nil else { return false }
        let watcher = Caller.healthWatch.description
        return try keeper.store.read { history in
            guard try history.fact(.hold) == nil else { return false }
            // A version that was come to by a rollback is not left by itself: that would go on to the oldest.
            guard try history.deployment(version.deployment)?.kind == .commit else { return false }
            return try !history.since(version.deployment).contains { $0.requestedBy == watcher }
        }
    }

    private func tell(_ happening: Happening, _ words: String, of version: StatusDocument.DeployedVersion) {
        StepLog(path: settings.data.log(of: version.deployment)).note("health watch: \(words)")
        keeper.announce(happening)
    }
}
