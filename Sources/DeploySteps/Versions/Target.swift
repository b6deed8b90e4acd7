internal import DeployModel
internal import DurableFiles
internal import SystemPackage

/// What the running server runs from, and the two ways of changing it.
package struct Target: Sendable {
    let path: String
    let ownedPathsFile: String
    let update: InPlaceUpdate

    package init(_ settings: PipelineSettings) {
        path = settings.target
        ownedPathsFile = settings.deployments + "/owned-paths"
        update = InPlaceUpdate(target: settings.target, journal: settings.work + "/in-place.journal")
    }

    /// Makes it the version in the directory `release`: a link by one rename, a directory file by file from a journal.
    ///
    /// A crash in the first leaves the old or the new link. In the second it leaves the old version or a journal; calling this again
    /// finishes that and goes on.
    func show(_ release: String, fault: FaultPoint) throws(FileError) -> String {
        switch try FileKind(of: path) {
        case .missing, .link:
            try DurableFile.makeDirectory(Paths.parent(of: path))
            fault.reach("switch", "before-rename")
            try DurableFile.switchLink(path, to: release)
            fault.reach("switch", "inside")
            return "link switched"
        case .directory:
            let before = try owned()
            let new = Set(try Tree.entries(release).map(\.path))
            return try bring(to: release, owned: before, recording: before.union(new), fault: fault)
        case .file, .other: throw FileError("deploy to what is no directory:", path, .notDirectory)
        }
    }

    /// Whether a `show` that failed had not begun to change it.
    func isUntouched(by release: String) throws(FileError) -> Bool {
        switch try FileKind(of: path) {
        case .missing, .file, .other: true
        case .link(let text): text != release
        case .directory: try update.hasLeftNothing()
        }
    }

    /// Makes it what it was before anything of Pinfold's ran there: from the backup that was made then.
    func restore(_ backup: Backup?, insteadOf release: String, fault: FaultPoint) throws(FileError) {
        switch try FileKind(of: path) {
        case .missing, .link:
            if let link = backup?.about.link {
                try DurableFile.switchLink(path, to: link)
            } else {
                try DurableFile.remove(path)
            }
        case .directory:
            guard let backup else { throw FileError("find the backup of", path, .noSuchFileOrDirectory) }
            // Only what the new version laid its hands on: what the server has written meanwhile stays.
            let paths = Set(try Tree.entries(release).map(\.path)).union(try owned())
            _ = try bring(to: backup.tree, only: paths, owned: paths, recording: paths, fault: fault)
        case .file, .other: throw FileError("restore what is no directory:", path, .notDirectory)
        }
    }

    private func bring(
        to source: String, only: Set<[UInt8]>? = nil, owned: Set<[UInt8]>, recording: Set<[UInt8]>, fault: FaultPoint
    ) throws(FileError) -> String {
        // What an earlier attempt began is finished first, whatever it led to: from a whole version to a whole version.
        if try update.isUnfinished() { try update.finish() }
        let changed = try update.prepare(from: source, only: only, owned: owned)
        // Before the first name changes: a path that is there without being on record would be taken for somebody else's.
        try DurableFile.write(
            Array(recording.sorted { $0.lexicographicallyPrecedes($1) }.joined(separator: [0])), to: ownedPathsFile, mode: 0o600)
        fault.reach("switch", "before-rename")
        try update.finish { point in fault.reach("switch", point) }
        return "\(changed) names changed in place"
    }

    func owned() throws(FileError) -> Set<[UInt8]> {
        guard let bytes = try DurableFile.read(ownedPathsFile, limit: 1 << 30) else { return [] }
        return Set(bytes.split(separator: 0).map(Array.init))
    }
}
