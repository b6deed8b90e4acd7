internal import CLinux
internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import Fence
internal import GitRepository
internal import LinuxSystem

/// Test runs of one deployment.
struct TestRun {
    let work: Work
    let runner: any Runner

    private var owner: (uid: UInt32, gid: UInt32) { (work.settings.agentUID, work.settings.agentGID) }

    /// What cargo and swift bring up to date before they build; the code under test runs after they have read it.
    private static func isWrittenByRunner(_ path: [UInt8]) -> Bool {
        ["Cargo.lock", "Package.resolved"].contains(
            String(decoding: path.split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self))
    }

    func run(overlaying base: CommitID?, vanishingIsSeen: Bool) throws -> (verdict: TestVerdict, report: TestReport?) {
        let outcome = try run(.real, overlaying: base, named: base == nil ? "tests" : "tests with the deployed test surface")
        var verdict = VerdictRule.judge(
            outcome.ending, report: outcome.report, reportExpected: runner.reports, lastGood: work.facts.passedTestsOfGood,
            vanishingIsSeen: vanishingIsSeen)
        if let fault = outcome.fault, !verdict.passed, outcome.ending.succeeded {
            verdict.reason = "the test command ended with 0, and the report \(fault)"
        }
        verdict.command = String(runner.command.firstLine.prefix(500))
        verdict.durationMilliseconds = outcome.milliseconds
        work.tools.log.note(
            "\(verdict.passed ? "passed" : "failed") after \(outcome.milliseconds) ms\(verdict.reason.map { ": \($0)" } ?? "")")
        return (verdict, outcome.report)
    }

    /// The same once more with every test made to fail.
    func bite(_ first: TestReport?) throws -> Bite {
        let outcome = try run(.bitten, overlaying: nil, named: "tests, each made to fail, to see whether they notice")
        var bite = BiteRule.judge(outcome.ending, passed: first?.ids(.passed), bitten: outcome.report)
        bite.durationMilliseconds = outcome.milliseconds
        work.tools.log.note(bite.sentence)
        return bite
    }

    private struct Outcome {
        var ending = VerdictRule.Ending.exited(0)
        var report: TestReport?
        /// Why there is none, in words that follow "the report".
        var fault: String?
        var milliseconds = 0
    }

    private func run(_ judged: JudgedRun, overlaying base: CommitID?, named name: String) throws -> Outcome {
        try work.tools.cancellation.check()
        let surface = try work.surface(of: work.facts.base)
        let paths = try work.tools.mirror.files(of: work.deployment.commit.objectID).map(\.path.bytes)
        let made = try ThrowAwayCopy(
            of: work.workplace.tree, at: work.workplace.test, owner: owner,
            keeping: paths.filter { surface.contains($0) && !Self.isWrittenByRunner($0) })
        defer { try? made.discard(into: work.settings.data.work) }
        if let base { try made.keep(overlay(base, on: made)) }
        let phases = try runner.phases(judged, in: work.workplace.tree)
        // A report that the commit brought with it says nothing about this run.
        var reports: [String: ReportFiles] = [:]
        for case .file(let pattern) in phases.compactMap(\.report?.source) {
            reports[pattern] = try ReportFiles(matching: pattern, in: files(in: made), work.tools)
        }
        work.tools.fault.reach("test", "inside")

        let clock = ContinuousClock()
        let start = clock.now
        var outcome = Outcome()
        var preparing = CopyPreparation(files: files(in: made))
        for phase in phases {
            for preparation in phase.preparations { try preparing.apply(preparation) }
            let next = try run(phase, in: made, reports, named: name)
            outcome.ending = next.ending
            outcome.report = next.report ?? outcome.report
            outcome.fault = next.fault ?? outcome.fault
            guard next.ending.succeeded else { break }
        }
        let duration = clock.now - start
        outcome.milliseconds = Int(
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
        if let fault = outcome.fault { work.tools.log.note("the report \(fault)") }
        return outcome
    }

    private func run(_ phase: Phase, in copy: ThrowAwayCopy, _ reports: [String: ReportFiles], named name: String) throws -> Outcome
    {
        let version = try work.versionMount(of: copy.path)
        var environment = ["PINFOLD_COMMIT": work.deployment.commit.hex]
        if let report = phase.report, report.isTold, case .file(let pattern) = report.source,
            let path = try ReportPattern(pattern).path
        {
            environment["PINFOLD_TEST_REPORT"] = version.directory + "/" + path
        }
        var command = ConfinedCommand(
            name: name, phase: phase, shown: runner.command, version: version, settings: work.settings, environment: environment)
        guard let report = phase.report else { return Outcome(ending: try command.run(work.tools)) }
        switch report.source {
        case .file(let path):
            var outcome = Outcome(ending: try command.run(work.tools))
            guard runner.reports, let files = reports[path] else { return outcome }
            var bundle = try bundle(report, from: version)
            if try files.gather(into: &bundle) {
                (outcome.report, outcome.fault) = try ReportReading.read(bundle, work.settings, work.tools)
            }
            return outcome
        case .descriptor:
            let file = Descriptor(owning: try check { unsafe pinfold_memfd_create("report") })
            let raw = file.rawValue
            command.report = raw
            var outcome = Outcome(ending: try command.run(work.tools))
            guard try cut(report.secret, from: raw) else {
                outcome.fault = "is not whole: the runner has not come to its end"
                return outcome
            }
            var bundle = try bundle(report, from: version)
            try bundle.add(file, named: "what was written")
            (outcome.report, outcome.fault) = try ReportReading.read(bundle, work.settings, work.tools)
            return outcome
        }
    }

    private func bundle(_ report: ExpectedReport, from version: VersionMount) throws -> ReportBundle {
        let roots = [version.directory, work.ownRelease, work.settings.versions.target]
        return try ReportBundle(report.format, roots: roots, bite: report.bite)
    }

    /// Takes `secret` off the end of a report; false where another end is there, or none.
    private func cut(_ secret: [UInt8], from report: Int32) throws -> Bool {
        let length = try check { lseek(report, 0, SEEK_END) } - off_t(secret.count)
        var end = [UInt8](repeating: 0, count: secret.count)
        guard length >= 0, try check({ unsafe pread(report, &end, end.count, length) }) == end.count, end == secret else {
            return false
        }
        _ = try check { ftruncate(report, length) }
        _ = try check { lseek(report, 0, SEEK_SET) }
        return true
    }

    /// For files of root's.
    private func files(in copy: ThrowAwayCopy) -> Overlay { Overlay(root: copy.path, owner: (0, 0)) }

    /// Makes the copy's test surface that of the deployed commit: its files put back, the candidate's own removed.
    /// - Returns: the paths of the surface now.
    private func overlay(_ base: CommitID, on copy: ThrowAwayCopy) throws -> [[UInt8]] {
        let surface = try work.surface(of: base)
        let mirror = work.tools.mirror
        let overlay = files(in: copy)
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
        return old.map(\.path.bytes)
    }
}
