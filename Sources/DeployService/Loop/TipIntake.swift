internal import DeployModel
internal import DeploySteps
internal import GitRepository

/// Takes notice of the branch's commit, and makes a deployment of one that is not the last one.
final class TipIntake {
    /// The tip as it was last read.
    private(set) var tip: CommitID?
    /// Whether the branch could not be read: nothing rings when that is over.
    private(set) var hasFailed = false
    private var moves = BranchMoves()
    private let keeper: RecordKeeper
    private let workshop: Workshop
    private var board: StatusBoard { keeper.board }
    private var settings: PipelineSettings { keeper.settings }

    init(_ keeper: RecordKeeper, _ workshop: Workshop) {
        self.keeper = keeper
        self.workshop = workshop
    }

    /// When there may be something to record though nothing moves any more; nil where there is nothing.
    var due: ContinuousClock.Instant? { moves.due }

    /// Looks where the branch is.
    func look() {
        hasFailed = false
        do {
            guard let intake = try workshop.intake ?? open() else { return }
            tip = try intake.tip().map { CommitID($0) }
            if let tip { moves.see(tip) }
            board.warn("tip", tip == nil ? "the branch \(intake.branch) has no commit" : nil)
        } catch {
            hasFailed = true
            board.warn("tip", "the branch cannot be read: \(explanation(of: error).reason)")
        }
    }

    private func open() throws -> SourceIntake? {
        let known = DeployingBranch(settings, keeper.store)
        guard let branch = try known.name() else {
            board.warn("branch", known.missing)
            return nil
        }
        if settings.commits.branch == nil { try keeper.store.write { try $0.set(.branch, branch) } }
        var intake = SourceIntake(
            codeRepo: settings.codeRepo, branch: branch, user: settings.agentUID, group: settings.agentGID,
            programs: settings.programs)
        intake.limits.blobBytes = settings.commits.fileLimit
        workshop.intake = intake
        board.warn("branch", nil)
        if board.branch != branch {
            board.branch = branch
            try keeper.show()
        }
        return intake
    }

    /// A tip that is not the last one becomes a deployment; what was on its way and has not come to the deploying is superseded by it.
    /// - Parameter working: the deployment whose step runs.
    /// - Returns: what came of it; nil where nothing did.
    func record(working: Int?) throws(DeployError) -> Arrival? {
        guard let tip, try isWorthARecord(tip) else { return nil }
        let unrecorded = moves.take(with: true)
        let rule = settings.commits.letFinish
        let arrival = try keeper.store.write { history -> Arrival? in
            guard try history.fact(.tip) != tip else { return nil }
            var running = try history.fact(.running)
            // Where the history has been lost it is not known whether that was found healthy.
            if let version = running, try history.deployment(version.deployment) == nil { running = nil }
            let facts = Arrival.Facts(
                open: try history.open(), working: working, running: running, calledOff: try history.fact(.calledOff),
                nextNumber: try history.nextNumber(), unrecordedMoves: unrecorded)
            let arrival = Arrival(of: tip, facts, rule: rule, at: Clock.now)
            try history.apply(arrival.changes)
            return arrival
        }
        guard let arrival else { return nil }
        workshop.fault.reach("detected", "saved")
        keeper.announce(.detected(arrival.deployment))
        return arrival
    }

    /// Whether the branch is elsewhere than the last record says, and that is to be recorded now.
    private func isWorthARecord(_ tip: CommitID) throws(DeployError) -> Bool {
        let (recorded, last, isAsked) = try keeper.store.read { history in
            (try history.fact(.tip), try history.latest(of: tip), try !history.openDecisions().isEmpty)
        }
        guard recorded == tip else {
            // Who asks for something is answered for where the branch is.
            return last == nil || isAsked || moves.mayRecord()
        }
        if let last, moves.isSettled() {
            let count = moves.take(with: false)
            try keeper.store.write { history in
                guard var deployment = try history.deployment(last.id) else { return }
                deployment.unrecordedMoves = (deployment.unrecordedMoves ?? 0) + count
                try history.save(deployment)
            }
            try keeper.show()
        }
        return false
    }
}
