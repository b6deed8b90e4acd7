internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import GitRepository
internal import SystemPackage

/// What the running server runs from, and the two ways of changing it.
package struct Target: Sendable {
    let path: String
    let update: InPlaceUpdate

    package init(_ settings: PipelineSettings) {
        path = settings.versions.target
        update = InPlaceUpdate(
            target: settings.versions.target, journal: settings.data.inPlaceJournal, record: settings.data.ownedPaths,
            keepingOutOf: settings.ownDirectories)
    }

    /// How a directory is brought to a version where something stands there that no deployment put there.
    enum Manner {
        /// A new version: an error where anything stands in its way, unless it is an installation of the code from before, whose paths these
        /// are (nil: any), and nothing was deployed into this directory yet.
        case careful(installed: () throws -> Set<[UInt8]>?)
        /// The way back from a version that must not run: moved aside, so that no server keeps itself running by a file.
        case determined
    }

    /// Makes it the version in the directory `release`: a link by one rename, a directory file by file from a journal.
    ///
    /// A crash in the first leaves the old or the new link. In the second it leaves the old version or a journal; calling this again
    /// finishes that and goes on. After an error, `isUntouched` says whether it is what it was.
    func show(_ release: String, _ manner: Manner, fault: FaultPoint) throws -> String {
        switch try PathState(of: path) {
        case .missing, .link:
            try DurableFile.makeDirectory(Paths.parent(of: path))
            fault.reach("switch", "before-rename")
            try DurableFile.switchLink(path, to: release)
            fault.reach("switch", "inside")
            return "link switched"
        case .directory:
            try update.settle()
            let owned = try update.owned()
            var wish = InPlaceUpdate.Wish(source: release, owned: owned ?? [])
            switch manner {
            case .careful(let installed): wish.replaceable = owned == nil ? try installed() : []
            case .determined: wish.setsAside = true
            }
            return try bring(wish, fault: fault)
        case .file, .other: throw FileError("deploy to what is no directory:", path, .notDirectory)
        }
    }

    /// Makes it what is on record once more: a link that leads elsewhere is switched, and what an update in place left half done is led to an
    /// end and then to the version. In a directory that is whole nothing is changed.
    func confirm(_ release: String, fault: FaultPoint) throws -> String {
        switch try PathState(of: path) {
        case .link(let text) where text == release: return "the link leads to it"
        case .directory where try !update.isUnfinished(): return "nothing changed in place"
        default: return try show(release, .careful(installed: { [] }), fault: fault)
        }
    }

    /// Whether a `show` that failed has left it as it was.
    func isUntouched(by release: String) throws(FileError) -> Bool {
        switch try PathState(of: path) {
        case .missing, .file, .other: true
        case .link(let text): text != release
        case .directory: try !update.isUnfinished()
        }
    }

    /// Makes it what it was before anything of Pinfold's ran there: from the backup that was made then.
    func restore(_ backup: Backup?, fault: FaultPoint) throws {
        switch try PathState(of: path) {
        case .missing, .link:
            if let link = backup?.about.link {
                try DurableFile.switchLink(path, to: link)
            } else {
                try DurableFile.remove(path)
            }
        case .directory:
            guard let backup else { throw FileError("find the backup of", path, .noSuchFileOrDirectory) }
            try update.settle()
            // Only what the new version laid its hands on: what the server has written meanwhile stays.
            guard let owned = try update.owned() else { return }
            _ = try bring(
                InPlaceUpdate.Wish(source: backup.tree, only: owned, owned: owned, setsAside: true, isForgotten: true), fault: fault
            )
        case .file, .other: throw FileError("restore what is no directory:", path, .notDirectory)
        }
    }

    private func bring(_ wish: InPlaceUpdate.Wish, fault: FaultPoint) throws -> String {
        let changed = try update.prepare(wish)
        fault.reach("switch", "before-rename")
        do {
            try update.carryOut { point in fault.reach("switch", point) }
        } catch {
            guard try update.isUnfinished() else { throw error }
            throw DeployError.broken("\(error); \(path) now holds files of two versions")
        }
        return "\(changed) names changed in place"
    }
}

extension PipelineSettings {
    /// The daemon's own directories and the agent's: where the target holds them, as in the development setup, they are not what runs.
    var ownDirectories: [String] { [data.deployments, data.path, codeRepo] }
}

extension Work {
    /// The paths of the code as it was installed before anything was deployed, which a first deployment in place may replace: those of the
    /// version that it is compared with. nil: any, where there is nothing to compare with.
    func installedPaths() throws -> Set<[UInt8]>? {
        guard let base = facts.base else { return facts.baselineUnreadable ? [] : nil }
        var paths: Set<[UInt8]> = []
        if try tools.mirror.contains(base.objectID) {
            paths = Set(try tools.mirror.changes(from: nil, to: base.objectID).map(\.path.bytes))
        }
        if let release = facts.running?.release, try PathState(of: release) == .directory {
            paths.formUnion(try Tree.entries(release).map(\.path))
        }
        return OwnedPaths.withParents(paths)
    }
}
