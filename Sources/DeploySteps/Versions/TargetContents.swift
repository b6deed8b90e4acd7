internal import CLinux
internal import DataRoot
internal import DeployModel
package import DurableFiles

/// What the server runs from, by looking at it and not at the record.
package enum TargetContents: Hashable, Sendable {
    case nothing
    /// This release: an absolute path as the record writes it.
    case release(String)
    /// A link to something else, with what it holds.
    case foreign(String)
    /// A directory that is no release as it was published: paths that are not those of the expected one, a few of them.
    case altered([[UInt8]])

    /// Reads every file of a target that is a directory: for a thread of its own.
    /// - Parameter expected: the release that the record says it is; tried first.
    package init(_ settings: PipelineSettings, expected: String?) throws(FileError) {
        let target = Target(settings)
        switch try PathState(of: settings.versions.target) {
        case .missing: self = .nothing
        case .file, .other: self = .foreign(settings.versions.target)
        case .link(let text):
            let path = text.hasPrefix("/") ? text : Paths.parent(of: settings.versions.target) + "/" + text
            let releases = [expected].compactMap(\.self) + (try Self.releases(settings))
            self = releases.first { $0 == path || Self.isSameDirectory($0, path) }.map(Self.release) ?? .foreign(text)
        case .directory:
            let owned = try target.update.owned() ?? []
            var different: [[UInt8]] = []
            for release in [expected].compactMap(\.self) + (try Self.releases(settings)) {
                guard try PathState(of: release) == .directory else { continue }
                let limit = release == expected ? 5 : 1
                let paths = try InPlaceComparison.differing(settings.versions.target, from: release, owned: owned, limit: limit)
                if paths.isEmpty {
                    self = .release(release)
                    return
                }
                if release == expected { different = paths }
            }
            self = .altered(different)
        }
    }

    /// The newest first.
    private static func releases(_ settings: PipelineSettings) throws(FileError) -> [String] {
        try settings.releases.all().reversed().map(\.path)
    }

    /// By another spelling, or through a link on the way.
    private static func isSameDirectory(_ one: String, _ other: String) -> Bool {
        var a = stat()
        var b = stat()
        guard unsafe stat(one, &a) == 0, unsafe stat(other, &b) == 0 else { return false }
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino
    }
}
