internal import DeployModel
internal import GitRepository

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
