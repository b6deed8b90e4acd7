internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import GitRepository

extension ReleaseStore {
    /// How much is asked of an earlier version.
    enum Proof {
        /// That it is there: it is served from, or was good when it was last.
        case none
        /// That every byte of it is what it was.
        case whole
    }

    /// Finds an earlier version on disk: its release where that is still there, else its backup made a release again. What is no deployment's in
    /// a backup stays there.
    /// - Parameter path: the release that a backup is made where the version's own is gone.
    /// - Returns: nil where neither is left.
    func find(
        _ version: StatusDocument.DeployedVersion, _ proof: Proof, restoringTo path: String, for work: Work
    ) throws -> String? {
        let earlier = try EarlierVersion(version, at: path, in: self, for: work)
        return switch proof {
        case .none: try release(of: version) ?? earlier.restored()
        case .whole: try earlier.proven()
        }
    }
}

private struct EarlierVersion {
    let version: StatusDocument.DeployedVersion
    let path: String
    private let store: ReleaseStore
    private let work: Work
    private let backups: [Backup]

    init(_ version: StatusDocument.DeployedVersion, at path: String, in store: ReleaseStore, for work: Work) throws {
        self.version = version
        self.path = path
        self.store = store
        self.work = work
        backups = try Backup.all(of: version, in: work.settings.data.backups)
    }

    /// The version's release, every byte of it held against what it was; nil where nothing whole is left.
    func proven() throws -> String? {
        if let release = try store.release(of: version) {
            // A backup of a link's target is the release by other names. One of a directory is what the server made of it.
            guard let copy = backups.last(where: { $0.about.link != nil }), let manifest = try copy.manifest() else {
                let mended = try store.mend(release, from: work.tools.mirror, reading: true)
                if mended > 0 { work.tools.log.note("\(mended) files of \(release) had changed; they are the commit's again") }
                return release
            }
            let owned = try ReleaseRecord.read(ReleaseRecord.path(of: release))?.paths
            let now = try Manifest(of: release, leaving: Tree.Leaving(allBut: owned))
            let differing = manifest.restricted(to: owned).differences(from: now).count
            if differing == 0 { return release }
            work.tools.log.note("\(release) has changed since it was deployed: \(differing) files; its backup is used")
        }
        if let restored = try restored() { return restored }
        // Written into while it was served, and the backup's files with it, which are the same: the commit's own are in the mirror.
        guard let release = try store.release(of: version), try store.mend(release, from: work.tools.mirror) > 0 else { return nil }
        work.tools.log.note("its backup has changed too; \(release) is as its commit has it again")
        return release
    }

    /// An undamaged backup as a release; nil where there is none.
    func restored() throws -> String? {
        for backup in backups.reversed() {
            if let damage = try backup.damage() {
                work.tools.log.note(damage)
                continue
            }
            let owned = try backup.owned()
            guard owned != nil || backup.about.link != nil else {
                work.tools.log.note("\(backup.path) does not say what of it was deployed, and what was the server's")
                continue
            }
            if try PathState(of: path) == .missing { try publish(backup, owned: owned) }
            return path
        }
        return nil
    }

    private func publish(_ backup: Backup, owned: Set<[UInt8]>?) throws {
        let part = work.workplace.release
        try DurableFile.makeDirectory(work.workplace.path, mode: 0o700)
        try Tree.remove(part)
        try Tree.copy(backup.tree, to: part, leaving: Tree.Leaving(allBut: owned.map(OwnedPaths.withParents)))
        if backup.about.link == nil { try overwriteFromCommit(part) }
        try DurableFile.syncFileSystem(of: part)
        try ReleaseRecord().publish(part, as: path)
        try DurableFile.move(part, to: path)
    }

    /// In place, a server may have written into files that were deployed: those that the commit has come from the mirror.
    private func overwriteFromCommit(_ tree: String) throws {
        let overlay = Overlay(root: tree, owner: (0, 0))
        for file in try work.tools.mirror.changes(from: nil, to: version.commit.objectID) {
            guard let mode = file.newMode, let id = file.newID else { continue }
            switch mode {
            case .regular: try overlay.put(file.path.bytes, contents: work.tools.mirror.contents(of: id), mode: 0o644)
            case .executable: try overlay.put(file.path.bytes, contents: work.tools.mirror.contents(of: id), mode: 0o755)
            case .symbolicLink: try overlay.link(file.path.bytes, to: work.tools.mirror.contents(of: id))
            default: continue
            }
        }
    }
}
