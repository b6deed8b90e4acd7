internal import DataRoot
internal import DeployModel
internal import GitRepository

/// Pushes what was deployed; trying again later is the loop's.
@Sendable func pushDeployed(_ work: inout Work) throws -> StepOutcome {
    guard let remote = work.settings.push.remote else { return .done() }
    let cancellation = work.tools.cancellation
    let keys = work.settings.push.keys
    try SourcePush(
        remote: .init(
            url: remote, sshKey: keys?.sshKey, knownHosts: keys?.knownHosts, credentialFile: keys?.credentials),
        branch: work.tools.branch, hook: work.settings.data.pushHook, programs: work.settings.programs
    ).push(work.deployment.commit.objectID, from: work.tools.mirror) { cancellation.why != nil }
    return .done()
}
