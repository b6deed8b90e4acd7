internal import DeployModel
internal import DurableFiles
internal import GitRepository

/// Tells the server to run what the target now is.
@Sendable func reload(_ work: inout Work) throws -> StepOutcome {
    guard let problem = try reloadProblem(work) else {
        return .done(note: work.settings.reloadCommand == nil ? "no reload command" : nil)
    }
    return goBack(because: problem, work)
}

/// Looks whether the new version is healthy, for a soak time.
@Sendable func check(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("check", "inside")
    var check = HealthCheck(work: work)
    guard let problem = try check.problem() else {
        guard work.settings.hasHealthCheck else { return .done(note: "no health check is configured") }
        return .done(
            note: check.served == nil
                ? "healthy; the server does not say which commit it serves" : "healthy, and serves this commit")
    }
    return goBack(because: problem, work)
}

/// On a full disk the most innocent version fails.
private func goBack(because problem: String, _ work: Work) -> StepOutcome {
    guard let fullness = DiskReserve.exhaustion(work.settings) else { return .goBack(reason: problem) }
    return .goBack(reason: "\(problem); \(fullness)", isBlameless: true)
}

private func reloadProblem(_ work: Work) throws -> String? {
    work.tools.fault.reach("reload", "inside")
    guard let command = work.settings.reloadCommand else { return nil }
    let ending = try AdminCommand(
        name: "reload", command: command, seconds: 120, environment: work.commandEnvironment
    ).run(work.tools).ending
    return ending.succeeded ? nil : "the reload command ended with \(ending.sentence)"
}

/// Back to what ran before: the last known good version, or what was there before Pinfold's first deployment. The same reload and the same
/// check decide whether the way back worked; nothing is said to be well that was not seen to be.
@Sendable func returnToGood(_ work: inout Work) throws -> StepOutcome {
    let why = work.deployment.reason ?? "it had to be rolled back"
    let target = Target(work.settings)
    var there = work
    var nothing = false
    if let good = work.facts.good {
        let release = try usableRelease(of: good, work)
        let mended = try ReleaseMending.mend(release, from: work.tools.mirror)
        if mended > 0 {
            work.tools.log.note("\(mended) files of \(release) had been written into; they are the commit's again")
        }
        work.tools.log.note(try target.show(release, .determined, fault: work.tools.fault))
        there.deployment = Deployment(
            id: work.deployment.id, kind: .rollback(to: good.deployment), commit: good.commit, detected: work.deployment.detected)
        there.deployment.release = release
    } else {
        let backup = try Backup.made(for: work.deployment, in: work.settings.backups)
        nothing = try backup == nil && FileKind(of: work.settings.target) != .directory
        try target.restore(backup, fault: work.tools.fault)
    }
    work.tools.fault.reach("go_back", "inside")
    if nothing {
        return .wentBack(to: nil, healthy: false, reason: "\(why); nothing ran before it, so nothing runs now")
    }
    var check = HealthCheck(work: there)
    if let problem = try reloadProblem(there) ?? check.problem() {
        return .wentBack(
            to: work.facts.good, healthy: false, reason: "\(why); the version gone back to is not well either: \(problem)")
    }
    return .wentBack(to: work.facts.good, healthy: true, reason: why)
}

/// Where the last known good version is on disk.
private func usableRelease(of version: StatusDocument.DeployedVersion, _ work: Work) throws -> String {
    let place = work.settings.releases + "/\(version.deployment)-\(version.commit.short)"
    let earlier = try EarlierVersion(version, at: place, for: work)
    if let release = try earlier.release() ?? earlier.restored() { return release }
    throw DeployError.broken(
        "neither the release nor an undamaged backup of the last known good version (deployment \(version.deployment)) is left")
}

/// Pushes what was deployed; trying again later is the loop's.
@Sendable func pushDeployed(_ work: inout Work) throws -> StepOutcome {
    guard let remote = work.settings.pushRemote else { return .done() }
    let cancellation = work.tools.cancellation
    try SourcePush(
        remote: .init(
            url: remote, sshKey: work.settings.pushSSHKey, knownHosts: work.settings.pushKnownHosts,
            credentialFile: work.settings.pushCredentialFile), branch: work.tools.branch,
        hook: work.settings.deployments + "/hooks/pre-push"
    ).push(work.deployment.commit.objectID, from: work.tools.mirror) { cancellation.why != nil }
    return .done()
}
