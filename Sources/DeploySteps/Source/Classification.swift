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
package func classify(
    _ candidate: ObjectID, deployed: ObjectID?, in mirror: GitMirror, surface: TestSurface
) throws(GitError) -> Classification {
    let changes = try mirror.changes(from: deployed, to: candidate)
    guard deployed != nil else { return Classification(changes: changes, surface: []) }
    return Classification(changes: changes, surface: changes.filter { surface.contains($0.path.bytes) })
}
