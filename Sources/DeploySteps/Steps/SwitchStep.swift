internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import GitRepository

/// Makes the target the new version. At this very moment the commit, its tree and its approval are compared once more.
@Sendable func switchOver(_ work: inout Work) throws -> StepOutcome {
    // Written when the checks have passed and before anything moves: a restart after that goes through with it, whatever came meanwhile,
    // because the target may be the new version already.
    let mark = SwitchMark(of: work.deployment, work.settings)
    let marked = try mark.release()
    let isFirstAttempt = marked == nil
    if isFirstAttempt {
        switch work.deployment.kind {
        case .commit:
            if let outcome = try objection(&work) { return outcome }
        case .rollback, .reload:
            if let outcome = try prepareEarlier(&work) { return outcome }
        }
        try work.tools.cancellation.check()
        try DurableFile.makeDirectory(work.workplace.path, mode: 0o700)
        try mark.write(work.deployment.release)
    } else if work.deployment.kind != .commit {
        work.deployment.release = marked
    }
    if work.deployment.approval?.used == nil { work.deployment.approval?.used = Clock.now }
    guard let release = work.deployment.release else { throw DeployError.broken("deployment \(work.deployment.id) has no release") }
    let target = Target(work.settings)
    do {
        if work.deployment.kind.isReload { return .done(note: try target.confirm(release, fault: work.tools.fault)) }
        let now = work
        return .done(note: try target.show(release, .careful(installed: now.installedPaths), fault: work.tools.fault))
    } catch {
        // Nothing has moved: the old version runs on, and the commit is not to blame. A further attempt cannot tell that any more.
        guard isFirstAttempt, try target.isUntouched(by: release) else { throw error }
        try mark.remove()
        let (reason, advice) = explanation(of: error)
        return .stopped(.failed, reason: reason, advice: advice)
    }
}

/// Why it may not be switched to after all; nil where it may.
private func objection(_ work: inout Work) throws -> StepOutcome? {
    // Who has to agree, and whether they have, by the policy of this moment.
    let policy = work.settings.policy.read()
    for reason in work.reasonsForAsking(policy) where !work.deployment.approvalReasons.contains(reason) {
        work.deployment.approvalReasons.append(reason)
    }
    let deployment = work.deployment
    guard let tip = try work.tools.intake.tip() else {
        return .stopped(.failed, reason: "the branch \(work.tools.branch) is gone from \(work.settings.codeRepo)")
    }
    let newest = CommitID(tip)
    if newest != deployment.commit {
        guard deployment.letFinish != nil, deployment.approvalReasons.isEmpty, try isContained(in: newest, work) else {
            return .stopped(.superseded, reason: "\(newest.short) is newer")
        }
        work.tools.log.note("\(newest.short) is newer and built on this; let finish: \(deployment.letFinish ?? "")")
    }
    let summary = try work.tools.mirror.summary(of: deployment.commit.objectID)
    guard summary.tree.description == deployment.tree else {
        return .stopped(.failed, reason: "the tree of \(deployment.commit.short) is not the one that was tested")
    }
    guard deployment.verdict?.passed == true else { return .stopped(.failed, reason: "no passed test run is on record") }
    if !deployment.approvalReasons.isEmpty {
        let objection =
            ApprovalRule.objection(
                to: deployment.approval, commit: deployment.commit, tree: summary.tree.description, newestTip: newest)
            ?? ApprovalRule.objection(to: deployment, by: policy, at: Clock.now)
        if let objection {
            work.deployment.shown = work.deployment.shownDigest
            return work.ask(policy, because: objection)
        }
    }
    return nil
}

/// Whether the branch's newest commit is built on this one. What was taken back meanwhile is not deployed, let finish or not.
private func isContained(in newest: CommitID, _ work: Work) throws -> Bool {
    let cancellation = work.tools.cancellation
    do {
        _ = try work.tools.intake.takeIn(newest.objectID, into: work.tools.mirror, deployed: work.deployment.commit.objectID) {
            cancellation.why != nil
        }
        return try work.tools.mirror.isAncestor(work.deployment.commit.objectID, of: newest.objectID)
    } catch {
        try cancellation.check()
        work.tools.log.note("\(newest.short) is newer and cannot be taken in: \(explanation(of: error).reason)")
        return false
    }
}

/// Finds the version to go back to, each byte of it proven. What is only reloaded is served from, and used as it is.
private func prepareEarlier(_ work: inout Work) throws -> StepOutcome? {
    guard let version = work.facts.rollbackTo else {
        return .stopped(.failed, reason: "the version to go back to is not on record")
    }
    let proof = work.deployment.kind.isReload ? ReleaseStore.Proof.none : .whole
    guard let release = try work.settings.releases.find(version, proof, restoringTo: work.ownRelease, for: work) else {
        return .stopped(
            .failed,
            reason: "neither the release nor an undamaged backup of deployment \(version.deployment) is left (AGENT_DEPLOY_KEEP)")
    }
    work.deployment.release = release
    return nil
}
