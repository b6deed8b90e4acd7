package import DeployModel
package import GitRepository

/// What a candidate changes against what is deployed, and what of it judges the agent.
package struct Classification: Hashable, Sendable {
    package let changes: [Change]
    /// Those of `changes` that lie in the test surface.
    package let surface: [Change]

    package var touchesSurface: Bool { !surface.isEmpty }
}

/// Compares the deployed tree with the candidate's: a change that was split over several commits is seen whole.
///
/// With nothing deployed there is no verdict yet that could be bent: the whole tree counts as changed, none of it as surface.
/// - Parameter surface: what judges the agent, as the deployed version says.
package func classify(
    _ candidate: ObjectID, deployed: ObjectID?, in mirror: GitMirror, surface: TestSurface
) throws(GitError) -> Classification {
    let changes = try mirror.changes(from: deployed, to: candidate)
    guard deployed != nil else { return Classification(changes: changes, surface: []) }
    var judging: [Change] = []
    for change in changes {
        var judges = surface.contains(change.path.bytes)
        if !judges { judges = try changesInlineTests(change, in: mirror, surface: surface) }
        if judges { judging.append(change) }
    }
    return Classification(changes: changes, surface: judging)
}

/// Whether it changes tests that stand in the file beside what they test. A file that is too large for a look counts as if it did.
private func changesInlineTests(_ change: Change, in mirror: GitMirror, surface: TestSurface) throws(GitError) -> Bool {
    guard surface.mayHaveInlineTests(change.path.bytes) else { return false }
    func content(_ id: ObjectID?, _ mode: FileMode?) throws(GitError) -> [UInt8]? {
        guard let id, mode == .regular || mode == .executable else { return [] }
        return try mirror.size(of: id) <= HintScan.byteLimit ? try mirror.contents(of: id) : nil
    }
    guard let old = try content(change.oldID, change.oldMode), let new = try content(change.newID, change.newMode) else {
        return true
    }
    return surface.changesInlineTests(change.path.bytes, old: old[...], new: new[...])
}
