internal import AuditLog
internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// One of the file systems of a gateway: its clone of the source, what serves it, and its session.
final class Plane: Sendable {
    /// What it is attached to.
    enum Attachment: Sendable {
        /// The view itself, at the mountpoint.
        case mountpoint
        /// A zone, at this path below the view's root.
        case inView(String)
        /// What is around a view of less than `/`, at this path of the machine's.
        case apart(String)
    }

    /// What people call it: `view`, `code-repo`, `sandbox`, `surroundings`.
    let label: String
    let attachment: Attachment
    let session: Session
    /// What lists directories ahead; not in a zone.
    let namesAhead: NamesAhead?
    /// What counts against the quota of a zone that has one.
    let usage: ZoneUsage?
    /// The mounts below it are taken apart when this goes.
    private let clone: DetachedMount

    private init(
        label: String, attachment: Attachment, session: Session, namesAhead: NamesAhead?, usage: ZoneUsage?,
        clone: consuming DetachedMount
    ) {
        self.label = label
        self.namesAhead = namesAhead
        self.attachment = attachment
        self.session = session
        self.usage = usage
        self.clone = clone
    }

    /// The view, then the zones that are served, then what is around a narrower view. All clones are taken before any plane is made.
    static func all(
        of layout: borrowing Layout, _ policy: AccessPolicy, surroundings: AccessPolicy?, _ options: GatewayOptions,
        _ coherence: Coherence?, _ trail: AuditTrail?, _ counts: String?, descriptors: Int
    ) throws(Errno) -> [Plane] {
        // The whole tree of mounts, all of it read-only: not even a fault in this daemon writes through it. Without those that others wait for
        // the end of: another view whose daemon is to stop, a network namespace that is to go.
        let whole = try Self.clone(ofTreeAt: layout.source.path, layout.source.descriptor)
        // That directory alone: what is mounted inside a zone is not the agent's.
        let code = try DetachedMount.clone(of: layout.codeRepo.descriptor, recursive: false, [.noSetuid, .noDevices])
        let sand: DetachedMount? =
            options.sandboxIsDirect
            ? nil : try DetachedMount.clone(of: layout.sandbox.descriptor, recursive: false, [.noSetuid, .noDevices])
        let system: DetachedMount? =
            layout.surroundings == nil ? nil : try Self.clone(ofTreeAt: "/", Descriptor.open("/", [.path, .directory]))
        // A share for each plane; what serving itself needs, and the descriptors that a request holds for its moment, are left out
        // of it.
        let count = 2 + (options.sandboxIsDirect ? 0 : 1) + (layout.surroundings == nil ? 0 : 1)
        let share = max((descriptors - 128) / count, 16)
        var planes = [
            try Plane(
                .view, .mountpoint, "view", whole, layout.source.path, layout, policy, options, coherence, nil, nil,
                descriptors: share),
            try Plane(
                .codeRepo, .inView(layout.relativePath(of: layout.codeRepo)), Zone.codeRepo.label, code, layout.codeRepo.path,
                layout, policy, options, coherence, trail, counts, descriptors: share),
        ]
        if let sand {
            planes.append(
                try Plane(
                    .sandbox, .inView(layout.relativePath(of: layout.sandbox)), Zone.sandbox.label, sand, layout.sandbox.path,
                    layout, policy, options, coherence, trail, counts, descriptors: share))
        }
        if let path = layout.surroundings, let surroundings, let system {
            planes.append(
                try Plane(
                    .view, .apart(path), "surroundings", system, "/", layout, surroundings, options, coherence, nil, nil,
                    descriptors: share))
        }
        return planes
    }

    private static func clone(ofTreeAt path: String, _ directory: borrowing Descriptor) throws(Errno) -> DetachedMount {
        try DetachedMount.clone(ofTreeAt: path, directory, [.readOnly, .noSetuid, .noDevices]) {
            SealedDevices.holdsOthersUp($0.type)
        }
    }

    private convenience init(
        _ zone: Zone, _ attachment: Attachment, _ label: String, _ clone: consuming DetachedMount, _ path: String,
        _ layout: borrowing Layout,
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
        let files = PlaneFiles(
            policy: policy, zone: zone, source: source, sourcePath: path,
            remembersAbsence: !options.without.contains(.negativeEntries))
        let isView = zone == .view
        let audit = trail.map { ZoneAudit(trail: $0, root: Array(path.utf8), label: label) }
        var usage: ZoneUsage?
        if let quota = options.quota(of: zone) {
            usage = try ZoneUsage(quota, source, label: label, path: counts.map { "\($0)/\(label)" })
        }
        let served: any FileSystem =
            isView
            ? ViewPlane(files, readsAhead: coherence != nil && !options.without.contains(.readAhead))
            : ZonePlane(files, descriptors: descriptors / 4, audit: audit, usage: usage)
        let shown = if case .apart = attachment { path } else { layout.source.path }
        let session = try Session(
            served, Self.sessionOptions(zone, label, shown, options, source.root.descriptor, descriptors: descriptors))
        // Before the kernel gets its first answer, so that no change goes unheard.
        if let coherence, let key { coherence.attach(key, files, session.notifier) }
        self.init(
            label: label, attachment: attachment, session: session, namesAhead: (served as? ViewPlane)?.namesAhead, usage: usage,
            clone: clone)
    }

    private static func sessionOptions(
        _ zone: Zone, _ label: String, _ source: String, _ options: GatewayOptions, _ root: borrowing Descriptor, descriptors: Int
    ) -> SessionOptions {
        let isView = zone == .view
        let common: Features = [.readdirplus, .symlinkCache, .accessControlLists, .epoch]
        // The view through the device: what it is asked is reads ahead more than anything, which another processor serves while its reader goes on.
        let features = options.features(
            common.union(
                isView ? [.noOpen, .noOpenDirectory] : [.noOpenDirectory, .passthrough, .killPrivileges, .temporaryFiles, .rings]))
        var result = SessionOptions(
            name: label, source: source, readOnly: isView, features: features, workers: workers)
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
