internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem
internal import PlainText
internal import QuietTasks

/// Once at each start: what the record says runs is compared with what the target is. They differ where somebody changed the target by hand,
/// where the history was put back from a copy, or where a disk lost what it had said was written.
///
/// The target is not touched. The record is put right where it can be told which version is there; else it is said. A crash in here leaves the
/// record as it was, or put right.
final class Reconciliation {
    private(set) var isDone = false
    /// The look at what the target is.
    private var looking: Errand<TargetContents>?
    private let keeper: RecordKeeper
    private let workshop: Workshop
    private var store: HistoryStore { keeper.store }
    private var board: StatusBoard { keeper.board }
    private var settings: PipelineSettings { keeper.settings }

    init(_ keeper: RecordKeeper, _ workshop: Workshop) {
        self.keeper = keeper
        self.workshop = workshop
    }

    /// Goes on with it; says whether it is done. Until then no step begins, and nothing is decided that asks what runs.
    func goOn() throws(DeployError) -> Bool {
        if isDone { return true }
        if let looking {
            guard let result = looking.finished else { return false }
            self.looking = nil
            switch result {
            case .success(let found): try reconcile(with: found)
            case .failure(let error):
                board.warn(
                    "target", "\(settings.versions.target) cannot be compared with the record: \(explanation(of: error).reason)")
            }
            isDone = true
            return true
        }
        let (open, running) = try store.read { (try $0.open(), try $0.fact(.running)) }
        // What was switching or going back is finished by its own step, from its own mark or journal.
        if open.contains(where: { [.switches, .takesBack].contains($0.stage.targetUse) }) {
            isDone = true
            return true
        }
        let (settings, bell) = (settings, workshop.bell)
        looking = Errand("pinfold-look", { try TargetContents(settings, expected: running?.release) }, whenDone: { bell.ring() })
        return false
    }

    private func reconcile(with found: TargetContents) throws(DeployError) {
        let running = try store.read { try $0.fact(.running) }
        let target = settings.versions.target
        let recorded = running.map { "deployment \($0.deployment) (\($0.commit.short))" } ?? "nothing of Pinfold's"
        switch found {
        case .release(let path) where path == running?.release: return
        case .altered(let paths):
            guard running != nil else { return }
            let names = paths.map { String(decoding: $0, as: UTF8.self).plain() }.joined(separator: ", ")
            say(
                "\(target) is not as \(recorded), which the record says runs: \(names.isEmpty ? "its release is gone" : names)", nil
            )
        case .nothing, .foreign:
            guard running != nil else { return }
            var there = "\(target) is gone"
            if case .foreign(let text) = found { there = "\(target) leads to \(text.plain()), which is no release" }
            try record(nil)
            say("\(there), and the record said \(recorded): nothing of Pinfold's runs", "so it says that nothing runs")
        case .release(let path):
            guard let version = try version(ofRelease: path) else {
                try record(nil)
                say(
                    "\(target) is \(path), whose commit is not known, and the record said \(recorded)",
                    "so it says that nothing runs")
                return
            }
            let there = "\(target) is deployment \(version.deployment) (\(version.commit.short))"
            if let again = try store.read({ try $0.open() }).first(where: { $0.stage.targetUse == .tries }),
                let stage = Pipeline.switching(again.kind)?.stage
            {
                try store.write { history in
                    var deployment = again
                    deployment.stage = stage
                    deployment.state = stage.state ?? deployment.state
                    try history.save(deployment)
                }
                say("\(there), and deployment \(again.id) had been switched to by the record", "it is switched to again")
                return
            }
            try record(version)
            say("\(there), and the record said \(recorded)", "so it says what is there; nothing was quarantined by that")
        }
    }

    /// Says it to who looks at the status, to who reads the log, and for good in the events.
    private func say(_ what: String, _ outcome: String?) {
        let happening = Happening.targetDiffers(what, outcome: outcome)
        board.warn("target", happening.sentence)
        keeper.announce(happening)
    }

    private func record(_ version: StatusDocument.DeployedVersion?) throws(DeployError) {
        try store.write { history in
            try history.set(.running, version)
            // What is gone back to is what ran, where that is known to have been well.
            if let version, try history.deployment(version.origin)?.wasGood == true { try history.set(.good, version) }
        }
        // Before it is said: nobody is shown the warning with the record of before.
        try keeper.show()
    }

    /// The version in a release, whose name begins with its deployment's number and its commit: by the history, else by the mirror.
    private func version(ofRelease path: String) throws(DeployError) -> StatusDocument.DeployedVersion? {
        guard let name = ReleaseStore.Name(of: path) else { return nil }
        if let deployment = try store.read({ try $0.deployment(name.deployment) }), deployment.commit.short == name.commit {
            var known = deployment
            known.release = path
            return StatusDocument.DeployedVersion(known, since: known.updated)
        }
        guard let mirror = workshop.mirror, let seen = try? mirror.seen() else { return nil }
        let candidates = seen.filter { $0.description.hasPrefix(name.commit) }
        guard candidates.count == 1, let summary = try? mirror.summary(of: candidates[0]) else { return nil }
        let commit = CommitID(summary.id)
        // The same version by another number: a way back that is not on record any more may have had a release of its own.
        if var known = try store.read({ try $0.latest(of: commit) }), known.wasGood {
            known.release = path
            return StatusDocument.DeployedVersion(known, since: known.updated)
        }
        return StatusDocument.DeployedVersion(
            deployment: name.deployment, commit: commit, tree: summary.tree.description, release: path, since: Clock.now,
            origin: name.deployment)
    }
}
