internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem

/// Runs the tests on a copy that is thrown away, and a second time with the deployed test surface where the candidate changes that.
@Sendable func test(_ work: inout Work) throws -> StepOutcome {
    guard work.settings.tests.required else {
        work.deployment.verdict = TestVerdict(
            passed: true, basis: .none, reason: "tests are switched off (AGENT_DEPLOY_REQUIRE_TESTS=false)")
        return .done(note: "switched off")
    }
    guard let runner = Runners.find(work.settings, in: work.workplace.tree) else {
        return .stopped(
            .failed, reason: "no test command is configured and the kind of project is not recognised",
            advice: "set AGENT_DEPLOY_TEST_COMMAND, or AGENT_DEPLOY_REQUIRE_TESTS=false to deploy untested")
    }
    let run = TestRun(work: work, runner: runner)
    let touched = !work.deployment.surface.isEmpty
    let first = try run.run(overlaying: nil, vanishingIsSeen: touched || work.settings.judge.requiresApproval)
    work.deployment.verdict = first.verdict
    work.passedTests = first.report.map { Array($0.ids(.passed)) }
    guard first.verdict.passed else {
        return .stopped(.failed, reason: first.verdict.reason ?? "the tests failed", advice: "pinfold logs \(work.deployment.id)")
    }
    work.deployment.bite = try whetherItBites(run, first.report)
    if touched, let base = work.deployment.base {
        // For the human's eyes: the old judge's word on the new code. It decides nothing, since an honest change of both fails it.
        work.deployment.verdictWithDeployedSurface = try run.run(overlaying: base, vanishingIsSeen: false).verdict
    }
    return .done(note: first.verdict.reason)
}

/// Tries whether the tests that have passed notice a failure, or says why that is not tried.
private func whetherItBites(_ run: TestRun, _ first: TestReport?) throws -> Bite {
    guard run.work.settings.judge.bites else { return Bite(.off, reason: "switched off (AGENT_DEPLOY_JUDGE=false)") }
    if let base = run.work.deployment.base {
        let changes = try run.work.tools.mirror.changes(from: base.objectID, to: run.work.deployment.commit.objectID)
        let surface = try run.work.surface(of: base)
        if !changes.contains(where: { surface.contains($0.path.bytes) || !Documentation.holds($0.path.bytes) }) {
            return Bite(.notNeeded, reason: changes.isEmpty ? "nothing has changed" : "only documentation has changed")
        }
    }
    if let why = run.runner.cannotBite { return Bite(.impossible, reason: why) }
    do {
        return try run.bite(first)
    } catch is CopyPreparation.TooMuch {
        return Bite(.impossible, reason: "the files that have to be changed for it are too large")
    }
}
