internal import DataRoot
internal import DeployModel
internal import GitRepository

/// Compares the candidate's tree with the one that is deployed, so that a change split over several commits is still seen as a whole.
@Sendable func classify(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("classify", "inside")
    var base = work.facts.base
    // A baseline that is not in the candidate's history cannot be compared with: everything is new then, and history was rewritten.
    if let known = base, try !work.tools.mirror.contains(known.objectID) { base = nil }
    work.deployment.base = base
    let result = try classify(
        work.deployment.commit.objectID, deployed: base?.objectID, in: work.tools.mirror, surface: work.surface(of: base))
    work.deployment.changes = ChangeSummary(
        added: result.changes.count { $0.status == .added },
        modified: result.changes.count { $0.status != .added && $0.status != .deleted },
        deleted: result.changes.count { $0.status == .deleted }, paths: result.changes.prefix(ChangeSummary.listed).map(\.line))
    work.deployment.surface = result.surface.lazy.map(\.line).listed(ChangeSummary.listed)
    work.deployment.unlistedSurface = unlisted(work.deployment.surface, of: result.surface.count)
    work.deployment.makers = try makers(of: work.deployment.commit.objectID, since: base?.objectID, in: work.tools.mirror)
    if base != nil {
        let outside = Set(result.surface.map(\.path))
        let runner = work.settings.tests.required ? Runners.find(work.settings, in: work.workplace.tree) : nil
        work.deployment.hints = try HintSearch(mirror: work.tools.mirror, cancellation: work.tools.cancellation)
            .hints(
                in: result.changes.filter { !outside.contains($0.path) },
                isUntried: runner.map { $0.cannotBite != nil || !work.settings.judge.bites } ?? false)
    }
    // With nothing to compare with, everything in it was agreed to.
    if base != nil, work.deployment.standIns != nil {
        let record = try ReleaseRecord.read(work.workplace.treeRecord)
        work.deployment.standIns?.found(new: try newStandIns(in: result.changes, record: record?.files, of: work.tools.mirror))
    }
    return .done(note: "\(result.changes.count) changes, \(result.surface.count) of them to what judges the agent")
}

/// Who made what is new, as its commits say.
private func makers(of tip: ObjectID, since base: ObjectID?, in mirror: GitMirror) throws(GitError) -> MakerList {
    let commits = try mirror.commits(from: base, to: tip, limit: MakerList.commits + 1)
    var makers: [Maker] = []
    for commit in commits.prefix(MakerList.commits) {
        let summary = try mirror.summary(of: commit)
        makers.append(Maker(name: beginning(of: summary.authorName), email: beginning(of: summary.authorEmail)))
        makers.append(Maker(name: beginning(of: summary.committerName), email: beginning(of: summary.committerEmail)))
    }
    return MakerList(makers, isCut: commits.count > MakerList.commits)
}

extension Change {
    /// `M path`, escaped.
    fileprivate var line: String {
        switch status {
        case .added: "A \(path)"
        case .deleted: "D \(path)"
        case .modified: "M \(path)"
        case .typeChanged: "T \(path)"
        case .modeChanged: "m \(path)"
        }
    }
}
