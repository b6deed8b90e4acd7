internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import Fence

extension Work {
    /// Where a copy of the exported tree, at `source`, appears to tests and builds: where the server will run this version from.
    func versionMount(of source: String) throws -> VersionMount {
        let hidden = Paths.resolved(settings.data.deployments)
        if try PathState(of: settings.versions.target) == .directory {
            let directory = Paths.resolved(settings.versions.target)
            let above = VersionMount.Link(at: Paths.parent(of: settings.versions.target), to: Paths.parent(of: directory))
            return VersionMount(source: source, directory: directory, links: above.at == above.to ? [] : [above], hiding: hidden)
        }
        let releases = Paths.resolved(settings.data.releases)
        var links = [VersionMount.Link(at: settings.versions.target, to: ownRelease)]
        if releases != settings.data.releases { links.insert(.init(at: settings.data.releases, to: releases), at: 0) }
        return VersionMount(
            source: source, directory: releases + "/" + Paths.name(of: ownRelease), links: links, hiding: hidden)
    }
}
