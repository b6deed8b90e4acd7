internal import DeployModel
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem

/// Runs the tests on a copy that is thrown away, and a second time with the deployed test surface where the candidate changes that.
@Sendable func test(_ work: inout Work) throws -> StepOutcome {
    guard work.settings.requireTests else {
        work.deployment.verdict = TestVerdict(
            passed: true, basis: .none, reason: "tests are switched off (AGENT_DEPLOY_REQUIRE_TESTS=false)")
        return .done(note: "switched off")
    }
    guard let runner = Runners.find(work.settings, in: work.exportedTree) else {
        return .stopped(
            .failed, reason: "no test command is configured and the kind of project is not recognised",
            advice: "set AGENT_DEPLOY_TEST_COMMAND, or AGENT_DEPLOY_REQUIRE_TESTS=false to deploy untested")
    }
    let run = TestRun(work: work, runner: runner)
    let touched = !work.deployment.surface.isEmpty
    let first = try run.run(overlaying: nil, vanishingIsSeen: touched || work.settings.requireApproval)
    work.deployment.verdict = first.verdict
    work.passedTests = first.report.map { Array($0.ids(.passed)) }
    guard first.verdict.passed else {
        return .stopped(.failed, reason: first.verdict.reason ?? "the tests failed", advice: "pinfold logs \(work.deployment.id)")
    }
    if touched, let base = work.deployment.base {
        // For the human's eyes: the old judge's word on the new code. It decides nothing, since an honest change of both fails it.
        work.deployment.verdictWithDeployedSurface = try run.run(overlaying: base, vanishingIsSeen: false).verdict
    }
    return .done(note: first.verdict.reason)
}
