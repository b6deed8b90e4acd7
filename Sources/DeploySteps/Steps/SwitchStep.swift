internal import DeployModel
internal import DurableFiles
internal import GitRepository

/// Makes the target the new version. At this very moment the commit, its tree and its approval are compared once more.
@Sendable func switchOver(_ work: inout Work) throws -> StepOutcome {
    // Written when the checks have passed and before anything moves: a restart after that goes through with it, whatever came meanwhile,
    // because the target may be the new version already.
    let mark = work.place + "/switching"
    let isFirstAttempt = try DurableFile.read(mark) == nil
    if isFirstAttempt {
        switch work.deployment.kind {
        case .commit:
            if let outcome = try objection(work) { return outcome }
        case .rollback:
            if let outcome = try prepareRollback(&work) { return outcome }
        }
        try work.tools.cancellation.check()
        try DurableFile.makeDirectory(work.place, mode: 0o700)
        try DurableFile.write(Array((work.deployment.release ?? "").utf8), to: mark, mode: 0o600)
    } else if case .rollback = work.deployment.kind, let bytes = try DurableFile.read(mark) {
        work.deployment.release = String(decoding: bytes, as: UTF8.self)
    }
    if work.deployment.approval?.used == nil { work.deployment.approval?.used = Clock.now }
    guard let release = work.deployment.release else { throw DeployError.broken("deployment \(work.deployment.id) has no release") }
    let target = Target(work.settings)
    do {
        return .done(note: try target.show(release, fault: work.tools.fault))
    } catch {
        // Nothing has moved: the old version runs on, and the commit is not to blame. A further attempt cannot tell that any more.
        guard isFirstAttempt, try target.isUntouched(by: release) else { throw error }
        try DurableFile.remove(mark)
        let (reason, advice) = explanation(of: error)
        return .stopped(.failed, reason: reason, advice: advice)
    }
}

/// Why it may not be switched to after all; nil where it may.
private func objection(_ work: Work) throws -> StepOutcome? {
    let deployment = work.deployment
    guard let tip = try work.tools.intake.tip() else {
        return .stopped(.failed, reason: "the branch \(work.tools.branch) is gone from \(work.settings.codeRepo)")
    }
    let newest = CommitID(tip)
    guard newest == deployment.commit else { return .stopped(.superseded, reason: "\(newest.short) is newer") }
    let summary = try work.tools.mirror.summary(of: deployment.commit.objectID)
    guard summary.tree.description == deployment.tree else {
        return .stopped(.failed, reason: "the tree of \(deployment.commit.short) is not the one that was tested")
    }
    if !deployment.approvalReasons.isEmpty,
        let objection = ApprovalRule.objection(
            to: deployment.approval, commit: deployment.commit, tree: summary.tree.description, newestTip: newest)
    {
        return .stopped(.failed, reason: objection)
    }
    guard deployment.verdict?.passed == true else { return .stopped(.failed, reason: "no passed test run is on record") }
    return nil
}

/// Finds the version to go back to: its release where that is still there, else its backup as a release again; each proven by a manifest
/// where there is one.
private func prepareRollback(_ work: inout Work) throws -> StepOutcome? {
    guard let version = work.facts.rollbackTo else {
        return .stopped(.failed, reason: "the version to go back to is not on record")
    }
    let backups = try Backup.all(of: version, in: work.settings.backups)
    if let release = version.release, try FileKind(of: release) == .directory {
        let manifest = try backups.last.flatMap { try DurableFile.read($0.path + "/manifest", limit: 1 << 30) }.flatMap(
            Manifest.init(encoded:))
        let differing = try manifest?.differences(from: Manifest(of: release)).count ?? 0
        if differing == 0 {
            work.deployment.release = release
            return nil
        }
        work.tools.log.note("\(release) has changed since it was deployed: \(differing) files; its backup is used")
    }
    for backup in backups.reversed() {
        if let damage = try backup.damage() {
            work.tools.log.note(damage)
            continue
        }
        let release = work.ownRelease
        if try FileKind(of: release) == .missing {
            let part = work.place + "/release"
            try DurableFile.makeDirectory(work.place, mode: 0o700)
            try Tree.remove(part)
            try Tree.copy(backup.tree, to: part)
            try DurableFile.syncFileSystem(of: part)
            try DurableFile.move(part, to: release)
        }
        work.deployment.release = release
        return nil
    }
    // Written into while it was served, and the backup's files with it, which are the same: the commit's own are in the mirror.
    if let release = version.release, try FileKind(of: release) == .directory,
        try ReleaseMending.mend(release, from: work.tools.mirror) > 0
    {
        work.tools.log.note("its backup has changed too; \(release) is as its commit has it again")
        work.deployment.release = release
        return nil
    }
    return .stopped(
        .failed,
        reason: "neither the release nor an undamaged backup of deployment \(version.deployment) is left (AGENT_DEPLOY_KEEP)")
}
