internal import AuditLog
internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// One of the three file systems of a gateway: its clone of the source, what serves it, and its session.
final class Plane: Sendable {
    /// What people call it: `view`, `code-repo`, `sandbox`.
    let label: String
    /// Where in the view it lies; empty for the view.
    let relativePath: String
    let session: Session
    /// What lists the view's directories ahead; only in the view.
    let namesAhead: NamesAhead?
    /// What counts against the quota of a zone that has one.
    let usage: ZoneUsage?
    /// The mounts below it are taken apart when this goes.
    private let clone: DetachedMount

    private init(
        label: String, relativePath: String, session: Session, namesAhead: NamesAhead?, usage: ZoneUsage?,
        clone: consuming DetachedMount
    ) {
        self.label = label
        self.namesAhead = namesAhead
        self.relativePath = relativePath
        self.session = session
        self.usage = usage
        self.clone = clone
    }

    /// The view, then the zones. All clones are taken before any plane is made.
    static func all(
        of layout: borrowing Layout, _ policy: AccessPolicy, _ options: GatewayOptions, _ coherence: Coherence?,
        _ trail: AuditTrail?, _ counts: String?, descriptors: Int
    ) throws(Errno) -> [Plane] {
        // The whole tree of mounts, all of it read-only: not even a fault in this daemon writes through it. Without those that others wait for
        // the end of: another view whose daemon is to stop, a network namespace that is to go.
        let whole = try DetachedMount.clone(
            ofTreeAt: layout.source.path, layout.source.descriptor, [.readOnly, .noSetuid, .noDevices]
        ) {
            SealedDevices.holdsOthersUp($0.type)
        }
        // That directory alone: what is mounted inside a zone is not the agent's.
        let code = try DetachedMount.clone(of: layout.codeRepo.descriptor, recursive: false, [.noSetuid, .noDevices])
        let sand = try DetachedMount.clone(of: layout.sandbox.descriptor, recursive: false, [.noSetuid, .noDevices])
        // A third for each plane; what serving itself needs, and the descriptors that a request holds for its moment, are left out
        // of it.
        let share = max((descriptors - 128) / 3, 16)
        return [
            try Plane(.view, "", whole, layout.source.path, layout, policy, options, coherence, nil, nil, descriptors: share),
            try Plane(
                .codeRepo, layout.relativePath(of: layout.codeRepo), code, layout.codeRepo.path, layout, policy, options, coherence,
                trail, counts, descriptors: share),
            try Plane(
                .sandbox, layout.relativePath(of: layout.sandbox), sand, layout.sandbox.path, layout, policy, options, coherence,
                trail, counts, descriptors: share),
        ]
    }

    private convenience init(
        _ zone: Zone, _ relativePath: String, _ clone: consuming DetachedMount, _ path: String, _ layout: borrowing Layout,
        _ policy: AccessPolicy, _ options: GatewayOptions, _ coherence: Coherence?, _ trail: AuditTrail?, _ counts: String?,
        descriptors: Int
    ) throws(Errno) {
        let key = coherence?.addPlane()
        let source: Source
        if let coherence, let key {
            source = try Source(root: clone.root, descriptors: descriptors, mountHandler: coherence.mountHandler(for: key))
        } else {
            source = try Source(root: clone.root, descriptors: descriptors)
        }
        let tree = Tree(
            policy: policy, zone: zone, source: source, sourcePath: path,
            remembersAbsence: !options.without.contains(.negativeEntries))
        let isView = zone == .view
        let audit = trail.map { ZoneAudit(trail: $0, root: Array(path.utf8), label: zone.label) }
        var usage: ZoneUsage?
        if let quota = options.quota(of: zone) {
            usage = try ZoneUsage(quota, source, label: zone.label, path: counts.map { "\($0)/\(zone.label)" })
        }
        let served: any FileSystem =
            isView
            ? ViewPlane(tree, readsAhead: coherence != nil && !options.without.contains(.readAhead))
            : ZonePlane(tree, descriptors: descriptors / 4, audit: audit, usage: usage)
        let session = try Session(
            served, Self.sessionOptions(zone, layout, options, source.root.descriptor, descriptors: descriptors))
        // Before the kernel gets its first answer, so that no change goes unheard.
        if let coherence, let key { coherence.attach(key, tree, session.notifier) }
        self.init(
            label: isView ? "view" : zone.label, relativePath: relativePath, session: session,
            namesAhead: (served as? ViewPlane)?.namesAhead, usage: usage, clone: clone)
    }

    private static func sessionOptions(
        _ zone: Zone, _ layout: borrowing Layout, _ options: GatewayOptions, _ root: borrowing Descriptor, descriptors: Int
    ) -> SessionOptions {
        let isView = zone == .view
        let common: Features = [.readdirplus, .symlinkCache, .accessControlLists, .epoch]
        // The view through the device: what it is asked is reads ahead more than anything, which another processor serves while its reader goes on.
        let features = options.features(
            common.union(
                isView ? [.noOpen, .noOpenDirectory] : [.noOpenDirectory, .passthrough, .killPrivileges, .temporaryFiles, .rings]))
        var result = SessionOptions(
            name: isView ? "view" : zone.label, source: layout.source.path, readOnly: isView, features: features, workers: workers)
        // Each has a ring, which is a descriptor for as long as it serves.
        let seats = RingSeat.all()
        if seats.count <= descriptors / 4 { result.ringSeats = seats }
        result.mountsByScratch = options.without.contains(.detachedClone)
        // A stacked file system below takes one of the two levels that the kernel allows.
        if (try? root.fileSystemStatistics().kind) == overlay { result.stackDepth = 2 }
        return result
    }

    /// OVERLAYFS_SUPER_MAGIC of <linux/magic.h>.
    private static let overlay: Int64 = 0x794c_7630

    /// Some wait for the disk while others serve.
    private static let workers = min(max(2 * sysconf(Int32(_SC_NPROCESSORS_ONLN)), 4), 16)
}
