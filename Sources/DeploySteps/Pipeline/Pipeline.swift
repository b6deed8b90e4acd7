internal import DataRoot
package import DeployModel
internal import DurableFiles

/// A commit's way to the running server, in order. To read this file is to read the product.
package enum Pipeline {
    package static let commit: [Step] = [
        // The commit's objects into the daemon's own mirror; quarantined commits end here.
        // A crash leaves a pack that nothing names: taken in again.
        Step(.takeIn, takeIn),
        // The commit's tree, once, to where only the daemon writes.
        // A crash leaves a part of it: removed and written again.
        Step(.export, tree: .writes, export),
        // What changes against what is deployed, and what of it judges the agent.
        // A crash leaves nothing.
        Step(.classify, classify),
        // The admin's command on a throw-away copy, confined.
        // A crash kills the tests with the daemon; they run again, on a new copy.
        Step(.test, tree: .reads, test),
        // The client, where there is one: built on a throw-away copy, confined, looked at, and kept whole.
        // A crash leaves copies, or the whole kept version, which is found and used.
        Step(.buildClient, tree: .reads, buildClient),
        // A human's answer, where one is needed.
        // Waiting is the record on disk and the flag file; a crash loses neither.
        Step(.approve, tree: .reads, approve),
        // What runs now, as it is on disk, verified.
        // A crash leaves a directory `.part`, or a whole backup of this deployment, which is found and used.
        Step(.backUp, tree: .reads, backUp),
        // The admin's build, confined, its output checked; then the release appears by one rename.
        // A crash leaves the exported tree and throw-away copies, or the whole release.
        Step(.build, tree: .reads, build),
        // The client's files whose names say what is in them: nothing names them yet.
        // A crash leaves some, which are there already the next time.
        Step(.publishAssets, publishAssets),
        // Ids compared once more with what was tested and approved; then one rename.
        // A crash before leaves the old version; after it, a mark says that this deployment has begun to run.
        // In place, a journal is finished.
        Step(.switch, switchOver),
        // The admin's command that makes the server run it.
        // A crash in it: the command runs again, so it has to bear that, as every restart does.
        Step(.reload, reload),
        // The client's other files, by rename, its index last.
        // A crash leaves a record of which version is being published: gone through again.
        Step(.publishIndex, publishIndex),
        // Health, for a while; if not, back to the last known good.
        // A crash: checked again from the start.
        Step(.check, check),
    ]

    /// The way back to an earlier version: the same steps, without those that judge a new one.
    package static let rollback: [Step] = commit.filter {
        [.backUp, .publishAssets, .switch, .reload, .publishIndex, .check].contains($0.stage)
    }

    /// What runs once more: the target made to be it, reloaded and checked. It changes no version, so nothing is backed up, and no way leads back.
    package static let reloadAgain: [Step] = commit.filter { [.switch, .reload, .publishIndex, .check].contains($0.stage) }

    /// After a failed reload or check: the last known good version again, with the same reload and check.
    /// A crash in it: begun again from the start; it is the same end from wherever it begins.
    package static let goBack = Step(.goBack, returnToGood)

    /// To the remote, after success; tried again later where it fails. It undoes nothing.
    package static let push = Step(.push, pushDeployed)

    package static func steps(of kind: Deployment.Kind) -> [Step] {
        switch kind {
        case .commit: commit
        case .rollback: rollback
        case .reload: reloadAgain
        }
    }

    /// Where a deployment of this kind goes from one of its steps.
    package static func way(from stage: Stage, of kind: Deployment.Kind) -> Way {
        let stages = steps(of: kind).map(\.stage)
        let next = stages.firstIndex(of: stage).map { stages[($0 + 1)...].first } ?? nil
        return Way(next: next, back: goBack.stage)
    }

    /// The step with which a deployment goes on: its own, or the one that writes its tree, where that is needed and somebody has cleared it
    /// away: it is the same whenever it is written. nil where its kind has no such step.
    package static func step(for deployment: Deployment, _ settings: PipelineSettings) -> Step? {
        let steps = steps(of: deployment.kind)
        guard let step = (steps + [goBack]).first(where: { $0.stage == deployment.stage }) else { return nil }
        guard step.tree == .reads, let writer = steps.first(where: { $0.tree == .writes }) else { return step }
        let sources = [
            settings.data.workplace(of: deployment.id).tree,
            settings.data.release(of: deployment.id, commit: deployment.commit.short),
        ]
        return sources.contains { (try? PathState(of: $0)) == .directory } ? step : writer
    }

    /// The step that makes the target a deployment's version.
    package static func switching(_ kind: Deployment.Kind) -> Step? {
        steps(of: kind).first { $0.stage.targetUse == .switches }
    }
}
