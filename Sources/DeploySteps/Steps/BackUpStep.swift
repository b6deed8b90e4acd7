internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import FoundationEssentials

/// Copies what runs now, verified. A release of Pinfold's own is never written to again, so its backup shares the files by hard links; what
/// somebody else put there is copied.
@Sendable func backUp(_ work: inout Work) throws -> StepOutcome {
    let settings = work.settings
    let existing = try Backup.made(for: work.deployment, in: settings.data.backups)
    if let existing, try existing.damage() == nil {
        // Made before a crash.
        work.deployment.backup = existing.path
        return .done(note: "made before")
    }
    var link: String?
    let source: String
    switch try PathState(of: settings.versions.target) {
    case .missing: return .done(note: "nothing runs yet")
    case .link(let destination):
        link = destination
        source = destination.hasPrefix("/") ? destination : Paths.parent(of: settings.versions.target) + "/" + destination
        guard try PathState(of: source) == .directory else { return .done(note: "\(settings.versions.target) leads to nothing") }
    case .directory: source = settings.versions.target
    case .file, .other:
        return .stopped(
            .failed, reason: "\(settings.versions.target) is neither a directory nor a link to one",
            advice: "set AGENT_DEPLOY_TARGET to one"
        )
    }
    let made = Clock.now
    let version = work.facts.running
    let path = settings.data.backups + "/\(made.compact)-\(version?.commit.short ?? "unknown")"
    // One that was called off may be at it still, for another deployment.
    let part = path + ".\(work.deployment.id).part"
    try Tree.remove(part)
    try DurableFile.makeDirectory(part, mode: 0o700)
    let own = settings.releases.holds(source)
    // Where the target holds the data root itself, as in the development setup, Pinfold's own directories are not what runs.
    let leaving =
        own ? Tree.Leaving() : Tree.Leaving(directories: settings.ownDirectories, prefix: InPlaceUpdate.stagingName)
    work.tools.fault.reach("back_up", "inside")
    let (manifest, changing, isShared) = try copied(
        source, to: part + "/tree", isRelease: own, leaving: leaving, work.tools.cancellation)
    try DurableFile.write(manifest.encoded, to: part + "/manifest", mode: 0o600)
    // What of it was deployed, and what was the server's: only the former is ever compared or restored.
    if let owned = own
        ? try ReleaseRecord.read(ReleaseRecord.path(of: source))?.paths : link == nil ? try Target(settings).update.owned() : nil
    {
        try DurableFile.write(OwnedPaths.encoded(owned, of: "tree"), to: part + Backup.ownedPaths, mode: 0o600)
    }
    let about = Backup.About(
        madeFor: work.deployment.id, madeForCommit: work.deployment.commit, made: made, version: version, link: link)
    try DurableFile.write(DeployJSON.encode(about, pretty: true), to: part + "/backup.json", mode: 0o600)
    // Shared files are on the disk already: only names are new.
    if isShared { try Tree.syncDirectories(part) } else { try DurableFile.syncFileSystem(of: part) }
    // The clock may have gone back to a second that has a backup already.
    var name = path
    var number = 1
    while try PathState(of: name) != .missing {
        number += 1
        name = path + ".\(number)"
    }
    try DurableFile.move(part, to: name)
    work.deployment.backup = name
    return .done(
        note: changing == 0 ? "\(manifest.entries.count) entries, verified" : "\(changing) files changed while they were copied")
}

/// Copies what runs and reads the copy back, comparing it with what was there.
private func copied(
    _ source: String, to copy: String, isRelease: Bool, leaving: Tree.Leaving, _ cancellation: Cancellation
) throws -> (Manifest, changing: Int, isShared: Bool) {
    if isRelease {
        do throws(FileError) {
            // The same files by other names: there is nothing to compare. What somebody has touched since it was written is read.
            try Tree.copy(source, to: copy, by: .links)
            return (try Manifest(of: copy, knowing: ReleaseRecord.read(ReleaseRecord.path(of: source))?.files), 0, true)
        } catch {
            // Another file system, or too many names of one file: copied after all.
            if error.isFull { throw error }
            try Tree.remove(copy)
        }
    }
    var changing = 0
    for _ in 1...3 {
        try cancellation.check()
        try Tree.remove(copy)
        let before = try Manifest(of: source, leaving: leaving)
        try Tree.copy(source, to: copy, leaving: leaving)
        let manifest = try Manifest(of: copy)
        changing = manifest.differences(from: before).count
        if changing == 0 { return (manifest, 0, false) }
        // The running server writes there: once more; the last copy is taken as it is.
    }
    return (try Manifest(of: copy), changing, false)
}
