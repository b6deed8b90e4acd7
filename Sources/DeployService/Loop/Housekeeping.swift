internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem
internal import QuietTasks

/// Gives back what nobody needs any more: what unfinished steps left, versions that are older than what is kept, their logs and commits; and
/// keeps a little of the disk back for what has to be written when it is full.
///
/// No step runs beside the tidying, so that none loses a version that it has just found. Removing goes on beside everything.
final class Housekeeping {
    /// Whether something has ended since the last tidying began; at the start it may have been cut short.
    var isDue = true
    /// How long to wait after a tidying that failed, and until when.
    private var retry = (milliseconds: 0, due: ContinuousClock.now)
    private let keeper: RecordKeeper
    private let workshop: Workshop
    private let sweeper: Sweeper
    private var ballast: Ballast
    private var tidying: Errand<Void>?
    private var reclaiming: Errand<Int>?
    private var settings: PipelineSettings { keeper.settings }
    private var board: StatusBoard { keeper.board }

    init(_ keeper: RecordKeeper, _ workshop: Workshop) {
        self.keeper = keeper
        self.workshop = workshop
        let board = keeper.board
        sweeper = Sweeper(keeper.settings, fault: workshop.fault) { problem in
            board.warn("sweep", problem.map { "what is not needed any more cannot be removed: \($0)" })
        }
        ballast = Ballast(path: keeper.settings.data.reserve)
    }

    var isTidying: Bool { tidying != nil }
    /// When to tidy again after one that failed; nil where nothing is to be waited for.
    var due: ContinuousClock.Instant? { isDue && tidying == nil ? retry.due : nil }
    /// Whether there is as much kept back as there should be.
    var hasReserve: Bool { ballast.isHeld }

    func takeReserve() { ballast.hold() }
    func giveReserve() { ballast.release() }

    /// Removes what unfinished steps of ended deployments left.
    func clearAway() throws(DeployError) {
        let open = Set(try keeper.store.read { try $0.open() }.map { String($0.id) })
        for name in (try? Directories.list(settings.data.work)) ?? [] where Int(name) != nil && !open.contains(name) {
            try? Tree.discard(settings.data.work + "/" + name)
        }
        for name in (try? Directories.list(settings.data.backups)) ?? [] where name.hasSuffix(".part") {
            try? Tree.discard(settings.data.backups + "/" + name)
        }
        sweeper.sweep()
    }

    /// A deployment's work is not needed any more.
    func discardWork(of deployment: Deployment) {
        try? Tree.discard(settings.data.workplace(of: deployment.id).path)
    }

    /// Sees to it that what was discarded goes. On a disk that is full it is waited for a moment: what has happened is to be written down next.
    func makeRoom(isShort: Bool = false) {
        sweeper.sweep()
        let patience = ContinuousClock.now + .seconds(2)
        while isShort, sweeper.isRunning, ContinuousClock.now < patience { SystemThread.sleep(milliseconds: 10) }
    }

    /// Begins where something has ended since the last time. Not beside a step, and not before it is known what runs: with a history that was
    /// lost, what says so (the mirror's commits) would be given up.
    func beginTidying() throws(DeployError) {
        guard isDue, tidying == nil, retry.due <= .now else { return }
        let (open, needed) = try keeper.store.read { history in
            (Set(try history.open().map(\.id)), [try history.fact(.running), try history.fact(.good)].compactMap(\.self))
        }
        isDue = false
        let (settings, bell) = (settings, workshop.bell)
        let keeping = Keeping(settings: settings, store: keeper.store, mirror: workshop.mirror)
        // It reads a file of each backup, and commits are recorded meanwhile. A crash in it leaves some, which the next one takes.
        tidying = Errand(
            "pinfold-tidy",
            {
                for name in try Directories.list(settings.data.work) {
                    if let id = Int(name), !open.contains(id) { try Tree.discard(settings.data.work + "/" + name) }
                }
                let onDisk = try Pruning.prune(settings, needed: needed)
                try ClientStore(settings).prune(keeping: onDisk.union(open))
                try keeping.tidy(onDisk: onDisk)
            }, whenDone: { bell.ring() })
    }

    /// Takes in what has come to its end.
    func settle(isStopping: @escaping @Sendable () -> Bool) {
        if let result = tidying?.finished {
            tidying = nil
            sweeper.sweep()
            switch result {
            case .success:
                retry.milliseconds = 0
                board.warn("prune", nil)
                beginReclaiming(isStopping)
            case .failure(let error):
                // What was in the way, a process that could not be looked into, may be gone the next moment, and nothing tells.
                isDue = true
                retry.milliseconds = min(max(1000, retry.milliseconds * 2), 300_000)
                retry.due = .now + .milliseconds(retry.milliseconds)
                board.warn("prune", "old versions cannot be removed: \(explanation(of: error).reason)")
            }
        }
        guard let result = reclaiming?.finished else { return }
        reclaiming = nil
        switch result {
        case .success(let bytes):
            board.warn("reclaim", nil)
            if bytes > 0 { keeper.announce(.reclaimed(settings.data.mirror, bytes: bytes)) }
        case .failure(let error):
            board.warn("reclaim", "\(settings.data.mirror) cannot be made smaller: \(explanation(of: error).reason)")
        }
    }

    /// Beside everything else: it reads the whole mirror where it has much to give back.
    private func beginReclaiming(_ isStopping: @escaping @Sendable () -> Bool) {
        guard reclaiming == nil, let mirror = workshop.mirror else { return }
        let bell = workshop.bell
        reclaiming = Errand("pinfold-reclaim", { try mirror.reclaim(isCalledOff: isStopping) }, whenDone: { bell.ring() })
    }

    /// The daemon's end. What does not go in this time has a name by which the next start finds it.
    func end(by patience: ContinuousClock.Instant) {
        while let tidying, tidying.finished == nil, ContinuousClock.now < patience { SystemThread.sleep(milliseconds: 10) }
        sweeper.sweep()
        while sweeper.isRunning, ContinuousClock.now < patience { SystemThread.sleep(milliseconds: 10) }
        sweeper.stop()
    }
}
