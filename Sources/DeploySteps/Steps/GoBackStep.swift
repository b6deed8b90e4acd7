internal import DataRoot
internal import DeployModel
internal import DurableFiles

/// Back to what ran before: the last known good version, or what was there before Pinfold's first deployment. The same reload and the same
/// check decide whether the way back worked; nothing is said to be well that was not seen to be.
@Sendable func returnToGood(_ work: inout Work) throws -> StepOutcome {
    let why = work.deployment.reason ?? "it had to be rolled back"
    // Before the server: an old page with a new server is what there was a moment ago, a new page with an old server never was.
    let clientProblem = backToEarlierClient(work)
    let target = Target(work.settings)
    var there = work
    var nothing = false
    if let good = work.facts.good {
        let release = try usableRelease(of: good, work)
        let mended = try work.settings.releases.mend(release, from: work.tools.mirror)
        if mended > 0 {
            work.tools.log.note("\(mended) files of \(release) had been written into; they are the commit's again")
        }
        work.tools.log.note(try target.show(release, .determined, fault: work.tools.fault))
        there.deployment = Deployment(
            id: work.deployment.id, kind: .rollback(to: good.deployment), commit: good.commit, detected: work.deployment.detected)
        there.deployment.release = release
    } else {
        let backup = try Backup.made(for: work.deployment, in: work.settings.data.backups)
        nothing = try backup == nil && PathState(of: work.settings.versions.target) != .directory
        try target.restore(backup, fault: work.tools.fault)
    }
    work.tools.fault.reach("go_back", "inside")
    if nothing {
        return .wentBack(to: nil, healthy: false, reason: "\(why); nothing ran before it, so nothing runs now")
    }
    var check = HealthCheck(work: there)
    if let problem = try reloadServer(there).problem ?? check.problem() ?? clientProblem ?? ClientCheck(work: there).problem() {
        return .wentBack(
            to: work.facts.good, healthy: false, reason: "\(why); the version gone back to is not well either: \(problem)")
    }
    return .wentBack(to: work.facts.good, healthy: true, reason: why)
}

/// Why the client of before is not published, in a sentence. The server goes back whatever becomes of that.
private func backToEarlierClient(_ work: Work) -> String? {
    do {
        return try ClientPublisher(work: work).goBack()
    } catch {
        return "the client could not be put back: \(explanation(of: error).reason)"
    }
}

/// Where the last known good version is on disk.
private func usableRelease(of version: StatusDocument.DeployedVersion, _ work: Work) throws -> String {
    let path = work.settings.data.release(of: version.deployment, commit: version.commit.short)
    if let release = try work.settings.releases.find(version, .none, restoringTo: path, for: work) { return release }
    throw DeployError.broken(
        "neither the release nor an undamaged backup of the last known good version (deployment \(version.deployment)) is left")
}

extension StepOutcome {
    /// The new version runs, and something is wrong with it. On a full disk the most innocent version fails.
    static func goBack(because problem: String, _ settings: PipelineSettings) -> StepOutcome {
        guard let fullness = DiskReserve.exhaustion(settings) else { return .goBack(reason: problem) }
        return .goBack(reason: "\(problem); \(fullness)", isBlameless: true)
    }
}
