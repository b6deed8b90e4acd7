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
    let detected = TestCommand.detect(in: work.exportedTree)
    guard let command = work.settings.testCommand ?? detected?.command else {
        return .stopped(
            .failed, reason: "no test command is configured and the kind of project is not recognised",
            advice: "set AGENT_DEPLOY_TEST_COMMAND, or AGENT_DEPLOY_REQUIRE_TESTS=false to deploy untested")
    }
    let reports = work.settings.testReport != nil || (work.settings.testCommand == nil && detected?.reports == true)
    let run = TestRun(work: work, command: command, reportExpected: reports)
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

/// Test runs of one deployment.
private struct TestRun {
    let work: Work
    let command: String
    let reportExpected: Bool

    func run(overlaying base: CommitID?, vanishingIsSeen: Bool) throws -> (verdict: TestVerdict, report: JUnitReport?) {
        let owner = (uid: work.settings.agentUID, gid: work.settings.agentGID)
        try work.tools.cancellation.check()
        let made = try ThrowAwayCopy(of: work.exportedTree, at: work.place + "/test", owner: owner)
        defer { try? made.discard(into: work.settings.work) }
        let copy = made.path
        if let base { try overlay(base, on: copy, owner: owner) }
        // A report that the commit brought with it says nothing about this run.
        let report = work.settings.testReport ?? ".pinfold-test-report.xml"
        try Overlay(root: copy, owner: owner).remove(Array(report.utf8))
        work.tools.fault.reach("test", "inside")

        let clock = ContinuousClock()
        let start = clock.now
        let ending = try ConfinedCommand(
            name: base == nil ? "tests" : "tests with the deployed test surface", command: command, directory: copy,
            settings: work.settings,
            environment: [
                "PINFOLD_TEST_REPORT": ConfinedCommand.place(work.settings) + "/" + report,
                "PINFOLD_COMMIT": work.deployment.commit.hex,
            ]
        ).run(work.tools)
        let duration = clock.now - start

        var parsed: JUnitReport?
        var fault: String?
        if reportExpected {
            let file = (try? Overlay(root: copy, owner: owner).open(Array(report.utf8), limit: ReportReading.byteLimit)) ?? nil
            switch file {
            case .some(let file): (parsed, fault) = try ReportReading.read(file, work.settings, work.tools)
            case .none: break
            }
        }
        var verdict = VerdictRule.judge(
            ending, report: parsed, reportExpected: reportExpected, lastGood: work.facts.passedTestsOfGood,
            vanishingIsSeen: vanishingIsSeen)
        if let fault {
            work.tools.log.note("the report \(fault)")
            if !verdict.passed, ending.succeeded { verdict.reason = "the test command ended with 0, and the report \(fault)" }
        }
        verdict.command = String(command.firstLine.prefix(500))
        verdict.durationMilliseconds = Int(
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
        work.tools.log.note(
            "\(verdict.passed ? "passed" : "failed") after \(verdict.durationMilliseconds) ms\(verdict.reason.map { ": \($0)" } ?? "")"
        )
        return (verdict, parsed)
    }

    /// Makes the copy's test surface that of the deployed commit: its files put back, the candidate's own removed.
    private func overlay(_ base: CommitID, on copy: String, owner: (uid: UInt32, gid: UInt32)) throws {
        let surface = try work.surface(of: base)
        let mirror = work.tools.mirror
        let overlay = Overlay(root: copy, owner: owner)
        let old = try mirror.files(of: base.objectID).filter { surface.contains($0.path.bytes) }
        let kept = Set(old.map(\.path))
        for file in try mirror.files(of: work.deployment.commit.objectID)
        where surface.contains(file.path.bytes) && !kept.contains(file.path) {
            try overlay.remove(file.path.bytes)
        }
        for file in old {
            switch file.mode {
            case .regular, .executable:
                try overlay.put(
                    file.path.bytes, contents: mirror.contents(of: file.id), mode: file.mode == .executable ? 0o755 : 0o644)
            case .symbolicLink: try overlay.link(file.path.bytes, to: mirror.contents(of: file.id))
            case .directory, .submodule: continue
            }
        }
    }
}
