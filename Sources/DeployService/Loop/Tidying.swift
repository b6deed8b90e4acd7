internal import CLinux
internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import Foundation
internal import GitRepository
internal import LinuxSystem
internal import Logging
internal import QuietTasks

/// Moves out of the way what nobody needs any more, on a thread of its own: it reads a file of each backup, and commits are recorded meanwhile.
/// Removing is the sweeper's.
///
/// No step runs beside it, so that none loses a version that it has just found. A crash in it leaves some, which the next one takes.
final class Tidying: Sendable {
    private let result = Lock<Result<Void, any Error>?>(nil)

    /// - Parameters:
    ///   - open: the deployments whose work is kept.
    ///   - needed: the versions that are never pruned.
    init(
        _ settings: PipelineSettings, open: Set<Int>, needed: [StatusDocument.DeployedVersion], keeping: Keeping,
        whenDone: @escaping @Sendable () -> Void
    ) {
        let thread = Thread { [result] in
            unsafe pinfold_thread_name("pinfold-tidy")
            let outcome = Result {
                for name in try Directories.list(settings.data.work) {
                    if let id = Int(name), !open.contains(id) { try Tree.discard(settings.data.work + "/" + name) }
                }
                try keeping.tidy(onDisk: Pruning.prune(settings, needed: needed))
            }
            result.withLock { $0 = outcome }
            whenDone()
        }
        thread.stackSize = 8 << 20
        thread.name = "pinfold-tidy"
        thread.start()
    }

    /// What came of it; nil while it goes on.
    var finished: Result<Void, any Error>? { result.withLock { $0 } }
}

extension DeployLoop {
    /// Begins where something has ended since the last time and no step runs. Not before it is known what runs: with a history that was lost, what
    /// says so (the mirror's commits) would be given up.
    func beginTidying() throws(DeployError) {
        guard hasReconciled, tidyingIsDue, tidying == nil, worker == nil, windingDown.isEmpty else { return }
        let (open, needed) = try store.read { history in
            (Set(try history.open().map(\.id)), [try history.fact(.running), try history.fact(.good)].compactMap(\.self))
        }
        tidyingIsDue = false
        let bell = self.bell
        let keeping = Keeping(settings: settings, store: store, mirror: mirror)
        tidying = Tidying(settings, open: open, needed: needed, keeping: keeping) { bell.ring() }
    }

    /// Beside everything else: it reads the whole mirror where it has much to give back.
    private func beginReclaiming() {
        guard reclaiming == nil, let mirror else { return }
        let bell = self.bell
        reclaiming = Errand(
            "pinfold-reclaim", { [self] in try mirror.reclaim { isStopping } }, whenDone: { bell.ring() })
    }

    func settleReclaiming() {
        guard let result = reclaiming?.finished else { return }
        reclaiming = nil
        switch result {
        case .success(let bytes):
            board.warn("reclaim", nil)
            if bytes > 0 { log.info("\(settings.data.mirror): \(bytes >> 20) MiB that nothing is built on were given back") }
        case .failure(let error):
            board.warn("reclaim", "\(settings.data.mirror) cannot be made smaller: \(explanation(of: error).reason)")
        }
    }

    func settleTidying() {
        guard let result = tidying?.finished else { return }
        tidying = nil
        sweeper.sweep()
        switch result {
        case .success:
            board.warn("prune", nil)
            beginReclaiming()
        case .failure(let error): board.warn("prune", "old versions cannot be removed: \(explanation(of: error).reason)")
        }
    }
}
