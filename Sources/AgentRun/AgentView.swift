package import Fence
internal import LinuxSystem

/// A view that `pinfold mount` serves, as `pinfold run` has to know it. All paths are absolute and without symbolic links.
package struct AgentView: Hashable, Sendable {
    /// The tree that it presents, and where it is mounted.
    package var source: String
    package var mountpoint: String
    /// The writable zones, by their paths below the source.
    package var codeRepo: String
    package var sandbox: String
    package var dataRoot: String
    /// The directory of the deploy daemon's socket for the agent; nil where there is none.
    package var agentSocketDirectory: String?

    package init(
        source: String, mountpoint: String, codeRepo: String, sandbox: String, dataRoot: String, agentSocketDirectory: String?
    ) throws(FenceError) {
        self.source = source
        self.mountpoint = mountpoint
        self.codeRepo = codeRepo
        self.sandbox = sandbox
        self.dataRoot = dataRoot
        self.agentSocketDirectory = agentSocketDirectory
        for zone in [codeRepo, sandbox] where !contains(zone) || zone == source {
            throw FenceError("the zone \(zone) is not below the view's source \(source)", kind: .configuration)
        }
    }

    package var zones: [String] { [codeRepo, sandbox] }

    /// Where the gateway has mounted the whole system, read-only, around a view of less; nil around one of everything.
    var surroundings: String? { source == "/" ? nil : MountRuntime(mountpoint: mountpoint).surroundings }

    /// Where a path inside is seen from out here, as the gateway shows it.
    func shown(_ path: String) -> String { contains(path) ? mounted(path) : (surroundings ?? "") + path }

    /// Whether a path of the host is presented by the view.
    func contains(_ path: String) -> Bool { isAtOrBelow(path, source) }

    /// Where a path of the host lies in the mounted view.
    func mounted(_ path: String) -> String {
        let relative = source == "/" ? path : String(path.dropFirst(source.count))
        return relative == "/" || relative.isEmpty ? mountpoint : mountpoint + relative
    }

    /// The path inside that a path of the host is for somebody who may stand in the mounted view.
    func inside(_ path: String) -> String {
        guard isAtOrBelow(path, mountpoint), mountpoint != "/" else { return path }
        let relative = String(path.dropFirst(mountpoint.count))
        if source == "/" { return relative.isEmpty ? "/" : relative }
        return source + relative
    }
}
