internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem
internal import QuietTasks

/// The only writer of state. One thread: it records new tips, answers decisions, and runs the steps of one deployment at a time.
///
/// Every change is one transaction of the history before anything that follows from it begins, so a start after any crash reads what is
/// open there and goes on: there is no other memory. What a change comes to is decided by the model's rules; the parts below do what is beside
/// the steps.
final class DeployLoop: @unchecked Sendable {
    // @unchecked: everything that changes is touched by the loop's thread alone, but for `stopping`; `bell`, `board` and the workshop's mirror
    // are safe.
    let settings: PipelineSettings
    let store: HistoryStore
    let board: StatusBoard
    let bell: Bell
    let workshop: Workshop
    let keeper: RecordKeeper
    let tips: TipIntake
    let pusher: Pusher
    private let answers: AnswerWatch
    let housekeeping: Housekeeping
    private let reconciliation: Reconciliation
    private let health: ServerHealth
    private var watch: RepositoryWatch?
    private let stopping = Lock(false)

    /// Why nothing can be recorded, as it was said; nil while all can be.
    private var trouble: Happening?
    /// Whether a change was refused that the record does not allow. Its step would be done again and again, with what it does to the target: so
    /// the loop stands still until there is a newer answer than `newestAnswer`.
    private var standsStill = false
    /// What the last turn that did anything had before it.
    private var newestAnswer: Int64 = 0

    /// The step that runs.
    var worker: StepWorker?
    /// How the deployment of `worker` ends when its step returns, decided meanwhile.
    var ending: Ending?
    /// Steps that were called off for a way back, before they could touch what the server runs, and have not come to their end. Their deployments have
    /// ended; whatever they still do is of no consequence, and nothing but a way back begins beside them.
    var windingDown: [StepWorker] = []

    init(_ settings: PipelineSettings, store: HistoryStore, board: StatusBoard, bell: Bell, fault: FaultPoint) {
        self.settings = settings
        self.store = store
        self.board = board
        self.bell = bell
        workshop = Workshop(settings, bell: bell, fault: fault)
        keeper = RecordKeeper(settings, store: store, board: board)
        tips = TipIntake(keeper, workshop)
        pusher = Pusher(keeper, workshop)
        answers = AnswerWatch(keeper)
        housekeeping = Housekeeping(keeper, workshop)
        reconciliation = Reconciliation(keeper, workshop)
        health = ServerHealth(keeper, bell)
    }

    func stop() {
        stopping.withLock { $0 = true }
        bell.ring()
    }

    var isStopping: Bool { stopping.withLock { $0 } }

    /// Runs until `stop`.
    func run() {
        while !isStopping {
            do {
                try prepare()
                // After an error of the record a step may run still: what it makes is no leftover.
                if worker == nil, windingDown.isEmpty { try housekeeping.clearAway() }
                pusher.look()
                try keeper.show()
                while !isStopping {
                    try turn()
                    if !standsStill { mend() }
                    bell.wait(seconds: pause)
                }
            } catch {
                // The disk below the state itself, or a change that must not be: nothing may go on that cannot be recorded.
                hold(error)
                bell.wait(seconds: 1)
            }
        }
        windUp()
    }

    /// Says once what is wrong, and shows it for as long as it is.
    private func hold(_ error: DeployError) {
        let happening: Happening
        if store.hasRefused(error) {
            happening = .standsStill(error.message)
            standsStill = true
        } else {
            happening = .cannotRecord(error.message)
            housekeeping.giveReserve()
        }
        board.warn("state", happening.sentence)
        if trouble != happening { keeper.announce(happening) }
        trouble = happening
    }

    private func mend() {
        trouble = nil
        board.warn("state", nil)
    }

    /// One look at everything that may have happened.
    private func turn() throws(DeployError) {
        housekeeping.takeReserve()
        // What is asked for after this look is answered by the next one: it may be about a commit that this one does not see.
        let newest = try store.read { try $0.newestDecision() } ?? 0
        tips.look()
        guard !standsStill || newest > newestAnswer else {
            keeper.guardFlag()
            return try health.tend(beside: worker?.stage)
        }
        (standsStill, newestAnswer) = (false, newest)
        let isReconciled = try reconciliation.goOn()
        if isReconciled { try recordTip() }
        try answers.look()
        try answerDecisions(upTo: newest, knowingWhatRuns: isReconciled)
        windingDown.removeAll { $0.finished != nil }
        try settleStep()
        try pusher.settle()
        housekeeping.settle { [self] in isStopping }
        if isReconciled, worker == nil {
            if windingDown.isEmpty { try housekeeping.beginTidying() }
            if !housekeeping.isTidying, let deployment = try next() { try begin(deployment) }
        }
        try pusher.begin()
        try health.tend(beside: worker?.stage)
        keeper.guardFlag()
    }

    /// Seconds until the loop looks again without being rung for.
    private var pause: Double {
        // Nothing rings when a branch can be read again, or a disk is no longer full.
        let hasFailed = tips.hasFailed || keeper.flagIsWrong || !housekeeping.hasReserve
        let look: Double
        if watch?.seesAll == true, !hasFailed {
            // Everything rings but what `seesAll` names, and, while somebody has to answer, the removal of the flag file.
            look = board.waiting == nil ? 300 : 60
        } else {
            look = workshop.intake == nil ? 1 : 10
        }
        // Whatever it has to wait for rings when it ends.
        let tidying = mayTidy && !standsStill ? housekeeping.due : nil
        return [pusher.due, tips.due, answers.due, tidying].compactMap(\.self).reduce(look) {
            min($0, max(0.05, ($1 - .now) / .seconds(1)))
        }
    }

    /// What is needed before the first turn. None of it is there when `pinfold init` has not run: then it is tried again.
    private func prepare() throws(DeployError) {
        do {
            for (directory, mode) in settings.directories { try DurableFile.makeDirectory(directory, mode: mode) }
            try workshop.openMirror()
            // Whatever made them, and with what mask: who may read and write there is what the documentation promises.
            for (directory, mode) in settings.directories + [(settings.data.mirror, 0o755)]
            where try DurableFile.narrow(directory, to: mode) {
                keeper.announce(.narrowed(directory, mode: mode))
            }
        } catch let error as FileError {
            throw .broken(error.description)
        } catch {
            throw .broken("\(error)")
        }
        if watch == nil {
            let bell = self.bell
            let watch = try? RepositoryWatch(repository: settings.codeRepo) { bell.ring() }
            if (try? watch?.start()) != nil { self.watch = watch }
        }
    }

    private func recordTip() throws(DeployError) {
        guard let arrival = try tips.record(working: worker?.deployment) else { return }
        // What it superseded may have left an exported tree.
        housekeeping.isDue = true
        if let ending = arrival.callsOff { callOff(ending) }
        try keeper.show()
    }

    /// What is to be run now: what has begun to deploy, then the way back, then the newest commit. Nothing new starts while there is a hold, or
    /// with a configuration that is wrong.
    private func next() throws(DeployError) -> Deployment? {
        guard workshop.intake != nil else { return nil }
        let (open, hold) = try store.read { (try $0.open(), try $0.fact(.hold)) }
        let back = open.last { $0.kind != .commit }
        if let begun = open.first(where: \.state.outlastsNewer) {
            guard let back, back.id != begun.id, try makeWay(begun, for: back) else { return begun }
            return try next()
        }
        if let back { return back }
        // Its step may write still where the next one would.
        guard hold == nil, windingDown.isEmpty, settings.configurationFault == nil else { return nil }
        // What was let finish goes first: it is the older one.
        guard let candidate = open.first(where: { $0.letFinish != nil }) ?? open.last else { return nil }
        // An answer or a newer commit changes the record, nothing else does.
        return candidate.waitsForHuman ? nil : candidate
    }

    private func begin(_ deployment: Deployment) throws(DeployError) {
        guard let step = Pipeline.step(for: deployment, settings) else {
            let stage = deployment.stage.rawValue
            return try end(deployment, Ending(.failed, "its record names the step \(stage), which it does not have"))
        }
        if deployment.kind.isReload, let serving = try store.read({ try $0.fact(.running) }), serving.commit != deployment.commit {
            let why = "deployment \(serving.deployment) has reloaded the server meanwhile"
            return try end(deployment, Ending(.superseded, why))
        }
        var deployment = deployment
        deployment.stage = step.stage
        worker = workshop.begin(step, of: deployment, try facts(for: deployment))
    }

    /// Not beside a step, and not before it is known what runs.
    private var mayTidy: Bool { reconciliation.isDone && worker == nil && windingDown.isEmpty }

    /// The threads of what runs end soon; what they did is done again at the next start, since it is not on record.
    private func windUp() {
        let steps = [worker, pusher.worker].compactMap(\.self)
        for step in steps { step.cancellation.cancel("the daemon stops") }
        health.stop()
        let patience = ContinuousClock.now + .seconds(5)
        for thread in steps + windingDown {
            while thread.finished == nil, ContinuousClock.now < patience { SystemThread.sleep(milliseconds: 10) }
        }
        // Its command has a session of its own, and would outlive the daemon.
        while !health.hasStopped, ContinuousClock.now < patience { SystemThread.sleep(milliseconds: 10) }
        if mayTidy { try? housekeeping.beginTidying() }
        housekeeping.end(by: patience)
        watch?.stop()
    }
}
