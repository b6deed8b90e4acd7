internal import AuditLog
internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// One of the file systems of a gateway: what serves it, and its session.
final class Plane: Sendable {
    /// What it is attached to.
    enum Attachment: Sendable {
        /// The view itself, at the mountpoint.
        case mountpoint
        /// A zone, at this path below the view's root.
        case inView(String)
        /// What lies at these paths below its root, at the same ones below the view's.
        case partsInView([String])
        /// What is around a view of less than `/`, at this path of the machine's.
        case apart(String)
    }

    /// What people call it: `view`, `live`, `code-repo`, `sandbox`, `surroundings`.
    let label: String
    let attachment: Attachment
    let session: Session
    let files: PlaneFiles
    /// What lists directories ahead; not in a zone.
    let namesAhead: NamesAhead?
    /// What counts against the quota of a zone that has one.
    let usage: ZoneUsage?
    private let kept: KeptPlane

    private init(
        label: String, attachment: Attachment, session: Session, files: PlaneFiles, namesAhead: NamesAhead?, usage: ZoneUsage?,
        kept: KeptPlane
    ) {
        self.label = label
        self.files = files
        self.namesAhead = namesAhead
        self.attachment = attachment
        self.session = session
        self.usage = usage
        self.kept = kept
    }

    /// The view, then what of it is live, then the zones that are served, then what is around a narrower view.
    /// - Parameter kept: what they have to know of what was served before.
    static func all(of preparation: Preparation, _ trail: AuditTrail?, _ kept: KeptState) throws(Errno) -> [Plane] {
        // A share for each plane; what serving itself needs, and the descriptors that a request holds for its moment, are left out
        // of it.
        let share = max((preparation.descriptors - 128) / preparation.planes.count, 16)
        var planes: [Plane] = []
        for (index, parts) in preparation.planes.enumerated() {
            let trail = parts.zone == .view ? nil : trail
            planes.append(
                try Plane(
                    parts, preparation, trail, kept.plane(index), descriptors: share, followsFault: kept.endedByFault))
        }
        return planes
    }

    private convenience init(
        _ parts: PlaneParts, _ preparation: Preparation, _ trail: AuditTrail?, _ kept: KeptPlane, descriptors: Int,
        followsFault: Bool
    ) throws(Errno) {
        let (zone, label, options, coherence) = (parts.zone, parts.label, preparation.options, preparation.coherence)
        let key = coherence?.addPlane()
        let source: Source
        if let coherence, let key {
            source = try Source(
                root: parts.clone.root, descriptors: descriptors, kept: kept, mountHandler: coherence.mountHandler(for: key))
        } else {
            source = try Source(root: parts.clone.root, descriptors: descriptors, kept: kept)
        }
        let isApart = if case .apart = parts.attachment { true } else { false }
        let isLive = if case .partsInView = parts.attachment { true } else { false }
        let policy = isApart ? preparation.surroundings ?? preparation.policy : preparation.policy
        coherence?.ask(forNamesOf: policy)
        let files = PlaneFiles(
            policy: policy, zone: zone, source: source,
            sourcePath: parts.path, remembersAbsence: !options.without.contains(.negativeEntries), isLive: isLive, kept: kept,
            filter: coherence?.filter)
        let audit = trail.map { ZoneAudit(trail: $0, root: Array(parts.path.utf8), label: label) }
        let usage = try Self.usage(options.quota(of: zone), source, label, preparation.counts, isServed: kept.isUsed)
        let served: any FileSystem =
            if isLive { LivePlane(files, descriptors: descriptors / 4) } else if zone == .view {
                ViewPlane(files, readsAhead: coherence != nil && !options.without.contains(.readAhead))
            } else { ZonePlane(files, descriptors: descriptors / 4, audit: audit, usage: usage) }
        let shown = isApart ? parts.path : preparation.places.source
        var sessionOptions = Self.sessionOptions(
            zone, isLive: isLive, label, shown, options, source.root.descriptor, descriptors: descriptors)
        sessionOptions.memory = kept.session
        sessionOptions.began = { kept.greeting = $0 }
        sessionOptions.followsFault = followsFault
        sessionOptions.refused = { kind in
            Report.say("\(label): a \(kind) that several processes have ended over is answered with EIO: a fault of the gateway's")
        }
        let session = try Session(served, sessionOptions, device: parts.device.duplicate())
        // Before the kernel gets its first answer, so that no change goes unheard.
        if let coherence, let key { coherence.attach(key, files, session.notifier) }
        self.init(
            label: label, attachment: parts.attachment, session: session, files: files,
            namesAhead: (served as? ViewPlane)?.namesAhead,
            usage: usage, kept: kept)
    }

    /// What counts against the quota; nil where there is none: then a count that is there is worth nothing any more.
    private static func usage(
        _ quota: ZoneQuota?, _ source: Source, _ label: String, _ counts: String?, isServed: Bool
    ) throws(Errno) -> ZoneUsage? {
        let path = counts.map { "\($0)/\(label)" }
        guard let quota else {
            if let path { UsageFile.discard(path) }
            return nil
        }
        // Who is in the zone already does not wait for a count of all of it.
        return try ZoneUsage(quota, source, label: label, path: path, countsLater: isServed)
    }

    /// Goes on with what another process served on the same device.
    func resume() throws(Errno) { try session.resume(kept.greeting) }

    private static func sessionOptions(
        _ zone: Zone, isLive: Bool, _ label: String, _ source: String, _ options: GatewayOptions, _ root: borrowing Descriptor,
        descriptors: Int
    ) -> SessionOptions {
        let isView = zone == .view
        let common: Features = [.readdirplus, .symlinkCache, .accessControlLists, .epoch]
        // The view through the device: what it is asked is reads ahead more than anything, which another processor serves while its reader goes on.
        let features = options.features(
            common.union(
                isLive
                    ? [.noOpenDirectory, .passthrough, .locks, .asynchronousDirect]
                    : isView
                        ? [.noOpen, .noOpenDirectory, .locks, .asynchronousDirect]
                        : [.noOpenDirectory, .passthrough, .killPrivileges, .temporaryFiles, .rings]))
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
