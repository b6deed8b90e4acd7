internal import DeployModel
internal import DurableFiles
internal import GitRepository

/// Writes the commit's tree once: what is tested, approved and deployed is this.
@Sendable func export(_ work: inout Work) throws -> StepOutcome {
    try DurableFile.makeDirectory(work.place, mode: 0o700)
    try Tree.remove(work.exportedTree)
    work.tools.fault.reach("export", "inside")
    let export = try work.tools.mirror.export(
        work.deployment.commit.objectID, to: work.exportedTree, limits: work.tools.intake.limits)
    guard export.tree.description == work.deployment.tree else {
        throw DeployError.broken("the exported tree is \(export.tree), the commit's is \(work.deployment.tree ?? "unknown")")
    }
    return .done(note: "\(export.files) files, \(export.bytes) bytes")
}
