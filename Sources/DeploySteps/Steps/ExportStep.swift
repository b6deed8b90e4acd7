internal import Crypto
internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import GitRepository

/// Writes the commit's tree once: what is tested, approved and deployed is this. Files that are those of the last good release, untouched
/// since, are shared with it.
@Sendable func export(_ work: inout Work) throws -> StepOutcome {
    try DurableFile.makeDirectory(work.workplace.path, mode: 0o700)
    try Tree.remove(work.workplace.tree)
    work.tools.fault.reach("export", "inside")
    var base: ExportBase?
    if let release = work.facts.good?.release, try PathState(of: release) == .directory,
        let record = try ReleaseRecord.read(ReleaseRecord.path(of: release))?.files
    {
        base = ExportBase(directory: release, record: record)
    }
    let export = try work.tools.mirror.export(
        work.deployment.commit.objectID, to: work.workplace.tree, sharing: base, limits: work.tools.intake.limits
    ) { content in
        var hash = SHA256()
        unsafe content.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
    guard export.tree.description == work.deployment.tree else {
        throw DeployError.broken("the exported tree is \(export.tree), the commit's is \(work.deployment.tree ?? "unknown")")
    }
    try ReleaseRecord(files: export.record).write(to: work.workplace.treeRecord)
    work.deployment.standIns =
        export.standIns.isEmpty ? nil : StandIns(count: export.standIns.count, paths: export.standIns.map(\.line))
    if let standIns = work.deployment.standIns { work.tools.log.note(standIns.sentence(of: "the commit")) }
    return .done(note: "\(export.files) files, \(export.bytes) bytes, \(export.shared) files shared with the last good version")
}
