internal import Fence
internal import DurableFiles

extension Work {
    /// Where a copy of the exported tree, at `source`, appears to tests and builds: where the server will run this version from.
    func versionPlace(of source: String) throws -> VersionMount {
        let hidden = Paths.resolved(settings.deployments)
        if try FileKind(of: settings.target) == .directory {
            let directory = Paths.resolved(settings.target)
            let above = VersionMount.Link(at: Paths.parent(of: settings.target), to: Paths.parent(of: directory))
            return VersionMount(source: source, directory: directory, links: above.at == above.to ? [] : [above], hiding: hidden)
        }
        let releases = Paths.resolved(settings.releases)
        var links = [VersionMount.Link(at: settings.target, to: ownRelease)]
        if releases != settings.releases { links.insert(.init(at: settings.releases, to: releases), at: 0) }
        return VersionMount(
            source: source, directory: releases + "/" + Paths.name(of: ownRelease), links: links, hiding: hidden)
    }
}
