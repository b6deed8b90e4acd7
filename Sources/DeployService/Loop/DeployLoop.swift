internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import Foundation
internal import GitRepository
internal import LinuxSystem
internal import Logging
internal import PlainText
internal import QuietTasks

/// The only writer of state. One thread: it records new tips, answers decisions, and runs the steps of one deployment at a time.
///
/// Every change is one transaction of the history before anything that follows from it begins, so a start after any crash reads what is
/// open there and goes on: there is no other memory.
final class DeployLoop: @unchecked Sendable {
    // @unchecked: everything that changes is touched by the loop's thread alone, but for `bell`, `stopping` and `board`, which are safe.
    let settings: PipelineSettings
    let store: HistoryStore
    let board: StatusBoard
    let bell: Bell
    let log = Logger(label: "pinfold.deployd")
    private let stopping = Lock(false)

    /// The mirror, for those who read; nil until it has been opened.
    var openMirror: GitMirror? { shared.withLock { $0 } }
    private let shared = Lock<GitMirror?>(nil)

    var mirror: GitMirror? {
        didSet { shared.withLock { $0 = mirror } }
    }
    var intake: SourceIntake?
    let surfaces: SurfaceSearch
    let fault: FaultPoint
    var worker: StepWorker?
    /// How the deployment of `worker` ends when its step returns, decided meanwhile.
    var ending: (state: DeploymentState, reason: String, advice: String?)?
    /// Steps that were called off for a way back, before they could touch what the server runs, and have not come to their end. Their deployments have
    /// ended; whatever they still do is of no consequence, and nothing but a way back begins beside them.
    var windingDown: [StepWorker] = []
    var pusher: StepWorker?
    /// Looks after the server that runs; nil where nobody is to.
    var health: HealthWatch?
    /// What it found that has been told.
    var toldHealth: HealthWatch.Finding?
    var tidying: Tidying?
    /// The look at what the target is, at the start.
    var looking: Errand<TargetContents>?
    var hasReconciled = false
    /// Whether something has ended since the last tidying began; at the start it may have been cut short.
    var tidyingIsDue = true
    var reclaiming: Errand<Int>?
    let sweeper: Sweeper
    private var ballast: Ballast
    private var watch: RepositoryWatch?
    /// Whether the last turn failed at something of which nothing rings when it is over: a branch that cannot be read, a disk that is full.
    private var hasFailed = false

    init(_ settings: PipelineSettings, store: HistoryStore, board: StatusBoard, bell: Bell, fault: FaultPoint) {
        self.settings = settings
        self.bell = bell
        self.fault = fault
        self.store = store
        self.board = board
        surfaces = SurfaceSearch(settings)
        sweeper = Sweeper(settings, fault: fault) { problem in
            board.warn("sweep", problem.map { "what is not needed any more cannot be removed: \($0)" })
        }
        ballast = Ballast(path: settings.data.reserve)
    }

    func stop() {
        stopping.withLock { $0 = true }
        bell.ring()
    }

    var isStopping: Bool { stopping.withLock { $0 } }

    /// Runs until `stop`.
    func run() {
        defer {
            watch?.stop()
            health?.stop()
        }
        while !isStopping {
            do {
                try prepare()
                try clearAway()
                try showStatus()
                while !isStopping {
                    try turn()
                    bell.wait(seconds: pause)
                }
            } catch {
                // The disk below the state itself: nothing may go on that cannot be recorded.
                log.error("the state cannot be written; trying again: \(error.message)")
                board.warn("state", "the state cannot be written: \(error.message)")
                ballast.release()
                bell.wait(seconds: 1)
            }
        }
        worker?.cancellation.cancel("the daemon stops")
        pusher?.cancellation.cancel("the daemon stops")
        // Their threads end soon; what they did is done again at the next start, since it is not on record.
        let patience = ContinuousClock.now + .seconds(5)
        for thread in [worker, pusher].compactMap(\.self) + windingDown {
            while thread.finished == nil, ContinuousClock.now < patience { usleep(10_000) }
        }
        if worker == nil { try? beginTidying() }
        while let tidying, tidying.finished == nil, ContinuousClock.now < patience { usleep(10_000) }
        // What does not go in this time has a name by which the next start finds it.
        sweeper.sweep()
        while sweeper.isRunning, ContinuousClock.now < patience { usleep(10_000) }
        sweeper.stop()
    }

    /// One look at everything that may have happened.
    private func turn() throws(DeployError) {
        ballast.hold()
        hasFailed = !ballast.isHeld
        noticeTip()
        let isReconciled = try isReconciled()
        if isReconciled { try recordTip() }
        try answerDecisions(knowingWhatRuns: isReconciled)
        windingDown.removeAll { $0.finished != nil }
        if let worker, let result = worker.finished {
            self.worker = nil
            let ending = self.ending
            self.ending = nil
            try settle(worker, result, ending: ending)
            // A step that ended may leave the next one to do at once.
            bell.ring()
        }
        try settlePush()
        settleTidying()
        settleReclaiming()
        try beginTidying()
        if isReconciled, worker == nil, tidying == nil, let deployment = try next() { try begin(deployment) }
        try beginPush()
        try tendHealth()
        guardFlag()
    }

    /// Seconds until the loop looks again without being rung for.
    private var pause: Double {
        let look: Double
        if watch?.seesAll == true, !hasFailed {
            // Everything rings but what `seesAll` names, and, while somebody has to answer, the removal of the flag file.
            look = board.waiting == nil ? 300 : 60
        } else {
            look = intake == nil ? 1 : 10
        }
        return [nextPush, moves.due].compactMap(\.self).reduce(look) { min($0, max(0.05, ($1 - .now) / .seconds(1))) }
    }

    // What is needed before the first turn. None of it is there when `pinfold init` has not run: then it is tried again.

    private func prepare() throws(DeployError) {
        do {
            for (directory, mode) in settings.directories { try DurableFile.makeDirectory(directory, mode: mode) }
            if mirror == nil { mirror = try GitMirror(path: settings.data.mirror) }
            // Whatever made them, and with what mask: who may read and write there is what the documentation promises.
            for (directory, mode) in settings.directories + [(settings.data.mirror, 0o755)]
            where try DurableFile.narrow(directory, to: mode) {
                log.warning("\(directory) was open to others than it should be; its mode is within \(String(mode, radix: 8)) now")
            }
        } catch let error as FileError {
            throw .broken(error.description)
        } catch {
            throw .broken("\(error)")
        }
        if watch == nil {
            let bell = self.bell
            watch = try? RepositoryWatch(repository: settings.codeRepo) { bell.ring() }
            watch?.start()
        }
    }

    /// Removes what unfinished steps of ended deployments left.
    private func clearAway() throws(DeployError) {
        let open = Set(try store.read { try $0.open() }.map { String($0.id) })
        for name in (try? Directories.list(settings.data.work)) ?? [] where Int(name) != nil && !open.contains(name) {
            try? Tree.discard(settings.data.work + "/" + name)
        }
        for name in (try? Directories.list(settings.data.backups)) ?? [] where name.hasSuffix(".part") {
            try? Tree.discard(settings.data.backups + "/" + name)
        }
        sweeper.sweep()
        nextPush = try pendingPush() == nil ? nil : .now
    }

    // Pushing goes on beside the pipeline.
    /// When to try next. Not by the time of day, which may be set back.
    var nextPush: ContinuousClock.Instant?

    /// The tip as it was last read.
    var tip: CommitID?
    private var moves = BranchMoves()

    private func noticeTip() {
        do {
            if intake == nil {
                guard let branch = try branch.name() else {
                    board.warn("branch", branch.missing)
                    return
                }
                if settings.commits.branch == nil { try store.write { try $0.set(.branch, branch) } }
                intake = SourceIntake(
                    codeRepo: settings.codeRepo, branch: branch, user: settings.agentUID, group: settings.agentGID,
                    programs: settings.programs)
                intake?.limits.blobBytes = settings.commits.fileLimit
                board.warn("branch", nil)
                if board.branch != branch {
                    board.branch = branch
                    try showStatus()
                }
            }
            tip = try intake?.tip().map { CommitID($0) }
            if let tip { moves.see(tip) }
            board.warn("tip", tip == nil ? "the branch \(intake?.branch ?? "") has no commit" : nil)
        } catch {
            hasFailed = true
            board.warn("tip", "the branch cannot be read: \(explanation(of: error).reason)")
        }
    }

    private var branch: DeployingBranch { DeployingBranch(settings, store) }

    /// A tip that is not the last one becomes a deployment; what was on its way and has not touched the target is superseded by it.
    private func recordTip() throws(DeployError) {
        guard let tip, try isWorthARecord(tip) else { return }
        let unrecorded = moves.take(with: true)
        let running = worker?.deployment
        let letFinish = settings.commits.letFinish
        let change = try store.write { history -> (recorded: Deployment, calledOff: Bool)? in
            guard try history.fact(.tip) != tip else { return nil }
            let now = Clock.now
            try history.set(.tip, tip)
            let serving = try history.fact(.running)
            var calledOff = false
            for deployment in try history.open() where deployment.kind == .commit && !deployment.state.touchesTarget {
                let isRunning = deployment.id == running
                let hasBegun = isRunning || !deployment.steps.isEmpty
                if try history.letsFinish(deployment, hasBegun: hasBegun, rule: letFinish, at: now) { continue }
                // Its step may run on for a moment; after a crash it does not begin again.
                if isRunning { calledOff = true }
                try history.end(deployment, .superseded, reason: "\(tip.short) is newer", at: now)
            }
            var recorded = try history.insert(.commit, commit: tip, at: now) {
                $0.unrecordedMoves = unrecorded > 0 ? unrecorded : nil
            }
            // Where the history has been lost it is not known whether that was found healthy.
            if let serving, serving.commit == tip, try history.deployment(serving.deployment) != nil {
                recorded.reason = "it is what runs already (deployment \(serving.deployment))"
                try history.end(recorded, .superseded, reason: recorded.reason, at: now)
            }
            return (recorded, calledOff)
        }
        guard let change else { return }
        // What it superseded may have left an exported tree.
        tidyingIsDue = true
        fault.reach("detected", "saved")
        log.info("deployment \(change.recorded.id): \(tip.short) detected")
        if change.calledOff { callOff(.superseded, "\(tip.short) is newer") }
        try showStatus()
    }

    /// Whether the branch is elsewhere than the last record says, and that is to be recorded now.
    private func isWorthARecord(_ tip: CommitID) throws(DeployError) -> Bool {
        let (recorded, last, isAsked) = try store.read { history in
            (try history.fact(.tip), try history.latest(of: tip), try !history.openDecisions().isEmpty)
        }
        guard recorded == tip else {
            // Who asks for something is answered for where the branch is.
            return last == nil || isAsked || moves.mayRecord()
        }
        if let last, moves.isSettled() {
            let count = moves.take(with: false)
            try store.write { history in
                guard var deployment = try history.deployment(last.id) else { return }
                deployment.unrecordedMoves = (deployment.unrecordedMoves ?? 0) + count
                try history.save(deployment)
            }
            try showStatus()
        }
        return false
    }

    /// Ends the deployment whose step runs, as soon as that step stops, unless it has gone past the point of no return by then.
    func callOff(_ state: DeploymentState, _ reason: String, advice: String? = nil) {
        guard let worker else { return }
        ending = (state, reason, advice)
        worker.cancellation.cancel(reason)
    }

    /// What is to be run now: what has begun, then the way back, then the newest commit. Nothing new starts while there is a hold, or
    /// with a configuration that is wrong.
    private func next() throws(DeployError) -> Deployment? {
        guard intake != nil else { return nil }
        let (open, hold) = try store.read { (try $0.open(), try $0.fact(.hold)) }
        let back = open.last { $0.kind != .commit }
        if let begun = open.first(where: { $0.state.touchesTarget }) {
            guard let back, back.id != begun.id, try makeWay(begun, for: back) else { return begun }
            return try next()
        }
        if let back { return back }
        // Its step may write still where the next one would.
        guard hold == nil, windingDown.isEmpty, settings.configurationFault == nil else { return nil }
        // What was let finish goes first: it is the older one.
        guard let candidate = open.first(where: { $0.letFinish != nil }) ?? open.last else { return nil }
        // Waiting for a human: an answer or a newer commit changes the record, nothing else does.
        if candidate.state == .awaitingApproval, candidate.approval == nil, candidate.forcedBy == nil { return nil }
        return candidate
    }

    private func begin(_ deployment: Deployment) throws(DeployError) {
        guard let mirror, let intake else { return }
        var deployment = deployment
        let step: Step
        if deployment.stage == .goBack {
            step = Pipeline.goBack
        } else {
            let steps = Pipeline.steps(of: deployment.kind)
            if deployment.kind == .commit { reexportIfNeeded(&deployment) }
            guard let found = steps.first(where: { $0.stage == deployment.stage }) else {
                try end(
                    deployment, .failed, reason: "its record names the step \(deployment.stage.rawValue), which it does not have")
                return
            }
            step = found
        }
        if deployment.kind.isReload, let serving = try store.read({ try $0.fact(.running) }), serving.commit != deployment.commit {
            try end(deployment, .superseded, reason: "deployment \(serving.deployment) has reloaded the server meanwhile")
            return
        }
        let cancellation = Cancellation()
        let tools = Work.Tools(
            mirror: mirror, intake: intake, surfaces: surfaces, branch: intake.branch,
            log: StepLog(path: settings.data.log(of: deployment.id)), cancellation: cancellation, fault: fault)
        let work = Work(deployment: deployment, settings: settings, facts: try facts(for: deployment), tools: tools)
        let bell = self.bell
        worker = StepWorker(step, work) { bell.ring() }
    }

    /// The exported tree may be gone where somebody cleared the work directory: it is the same whenever it is written.
    private func reexportIfNeeded(_ deployment: inout Deployment) {
        guard [.test, .approve, .backUp, .build].contains(deployment.stage) else { return }
        let place = settings.data.workplace(of: deployment.id).tree
        let release = settings.data.release(of: deployment.id, commit: deployment.commit.short)
        if (try? PathState(of: place)) != .directory, (try? PathState(of: release)) != .directory { deployment.stage = .export }
    }

    private func facts(for deployment: Deployment) throws(DeployError) -> Work.Facts {
        let baseline = Baseline(of: settings)
        return try store.read { history in
            var facts = Work.Facts()
            facts.running = try history.fact(.running)
            facts.good = try history.fact(.good)
            facts.quarantine = try history.quarantine()
            facts.passedTestsOfGood = try facts.good.flatMap { try history.passedTests(of: $0.origin) }
            facts.baseline = baseline.commit
            facts.baselineUnreadable = facts.base == nil && baseline == .unreadable
            switch deployment.kind {
            case .commit: break
            case .rollback(let id):
                facts.rollbackTo = try history.deployment(id).flatMap { StatusDocument.DeployedVersion($0, since: $0.updated) }
            case .reload: facts.rollbackTo = facts.running
            }
            return facts
        }
    }

    // Writing and showing.

    func end(_ deployment: Deployment, _ state: DeploymentState, reason: String?, advice: String? = nil) throws(DeployError) {
        try store.write { try $0.end(deployment, state, reason: reason, advice: advice, at: Clock.now) }
        tidyingIsDue = true
        log.info("deployment \(deployment.id): \(state.rawValue)\(reason.map { ": \($0.plain())" } ?? "")")
        try showStatus()
    }

    func showStatus() throws(DeployError) {
        try board.show(store)
        if board.document?.current == nil { board.lookAtServer() }
        guardFlag()
    }

    /// The flag file is there exactly while somebody has to answer, whatever anybody does to it.
    private func guardFlag() {
        guard let waiting = board.waiting else {
            if (try? PathState(of: settings.data.flag)) != .missing { try? DurableFile.remove(settings.data.flag) }
            return
        }
        let text = Array(FlagFile.text(for: waiting).utf8)
        if let there = try? DurableFile.read(settings.data.flag), there == text { return }
        if board.flagFor == waiting.id, (try? PathState(of: settings.data.flag)) == .missing {
            log.warning("\(settings.data.flag) was removed by hand; that approves nothing, and it is written again")
        }
        do {
            try DurableFile.write(text, to: settings.data.flag)
            board.flagFor = waiting.id
            board.warn("flag", nil)
        } catch {
            hasFailed = true
            board.warn("flag", error.description)
        }
    }
}

extension HistoryTransaction {
    func end(
        _ deployment: Deployment, _ state: DeploymentState, reason: String?, advice: String? = nil, at: Timestamp
    ) throws {
        var ended = deployment
        ended.state = state
        ended.reason = reason
        ended.advice = advice
        ended.updated = at
        ended.ended = at
        try save(ended)
        if ended.kind == .commit, state != .superseded { try set(.calledOff, nil) }
    }
}

extension StatusDocument.DeployedVersion {
    /// nil where its tree is not known, so that it never was deployed.
    init?(_ deployment: Deployment, since: Timestamp) {
        guard let tree = deployment.tree else { return nil }
        self.init(
            deployment: deployment.id, commit: deployment.commit, tree: tree, release: deployment.release, since: since,
            origin: deployment.kind.origin ?? deployment.id)
    }
}

extension Deployment.Kind {
    /// For a rollback or a reload, the deployment that it leads to.
    var origin: Int? {
        switch self {
        case .commit: nil
        case .rollback(let id), .reload(let id): id
        }
    }
}
