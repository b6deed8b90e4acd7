internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// What a plane is made of before anybody serves it: its clone of the source, and the kernel's device of its connection. Both outlive the process that serves.
final class PlaneParts: Sendable {
    let zone: Zone
    let attachment: Plane.Attachment
    let label: String
    /// What is cloned.
    let path: String
    /// The mounts below it are taken apart when this goes.
    let clone: DetachedMount
    let device: Descriptor

    private init(_ shape: Shape, _ clone: consuming DetachedMount, _ device: consuming Descriptor) {
        (zone, attachment, label, path) = (shape.zone, shape.attachment, shape.label, shape.path)
        self.clone = clone
        self.device = device
    }

    /// What is known of a plane before there is anything of it.
    private struct Shape {
        let zone: Zone
        let attachment: Plane.Attachment
        let label: String
        let path: String
    }

    /// The view's, then that of what is live, then those of the zones that are served, then of what is around a narrower view.
    private static func shapes(of layout: borrowing Layout, _ options: GatewayOptions) -> [Shape] {
        var shapes = [Shape(zone: .view, attachment: .mountpoint, label: "view", path: layout.source.path)]
        // Before the zones' mounts. A kernel that cannot copy a part of a detached mount (before 6.15) keeps nothing for longer than a second anyway
        // (before 6.16).
        if !layout.live.isEmpty, !options.without.contains(.detachedClone), KernelVersion.running >= KernelVersion(6, 15) {
            shapes.append(Shape(zone: .view, attachment: .partsInView(layout.live), label: "live", path: layout.source.path))
        }
        shapes.append(shape(of: .codeRepo, layout.codeRepo, layout))
        if !options.sandboxIsDirect { shapes.append(shape(of: .sandbox, layout.sandbox, layout)) }
        if let path = layout.surroundings {
            shapes.append(Shape(zone: .view, attachment: .apart(path), label: "surroundings", path: "/"))
        }
        return shapes
    }

    private static func shape(of zone: Zone, _ directory: borrowing Layout.Directory, _ layout: borrowing Layout) -> Shape {
        Shape(zone: zone, attachment: .inView(layout.relativePath(of: directory)), label: zone.label, path: directory.path)
    }

    static func all(of layout: borrowing Layout, _ options: GatewayOptions) throws(Errno) -> [PlaneParts] {
        var parts: [PlaneParts] = []
        for shape in shapes(of: layout, options) {
            parts.append(PlaneParts(shape, try clone(for: shape, layout), try Descriptor.open("/dev/fuse", .readWrite)))
        }
        return parts
    }

    /// The same of what another process has made.
    static func all(of layout: borrowing Layout, _ options: GatewayOptions, from inheritance: Inheritance) throws(GatewayError)
        -> [PlaneParts]
    {
        var parts: [PlaneParts] = []
        for shape in shapes(of: layout, options) {
            parts.append(
                PlaneParts(
                    shape, DetachedMount(try inheritance.take("\(shape.label) clone")),
                    try inheritance.take("\(shape.label) device")))
        }
        return parts
    }

    /// What the next process goes on with.
    var descriptors: [Inheritance.Entry] {
        [Inheritance.Entry("\(label) clone", clone.root.rawValue), Inheritance.Entry("\(label) device", device.rawValue)]
    }

    /// A zone's is that directory alone: what is mounted inside a zone is not the agent's. The others' are the whole tree of mounts, all of it read-only: not even a
    /// fault in this daemon writes through it. Without those that others wait for the end of: another view whose daemon is to stop, a network namespace that is to go.
    private static func clone(for shape: Shape, _ layout: borrowing Layout) throws(Errno) -> DetachedMount {
        switch shape.zone {
        case .codeRepo: return try clone(ofZone: layout.codeRepo)
        case .sandbox: return try clone(ofZone: layout.sandbox)
        case .view, .outside:
            guard case .apart = shape.attachment else { return try clone(ofTreeAt: shape.path, layout.source.descriptor) }
            return try clone(ofTreeAt: shape.path, Descriptor.open(shape.path, [.path, .directory]))
        }
    }

    private static func clone(ofZone directory: borrowing Layout.Directory) throws(Errno) -> DetachedMount {
        try DetachedMount.clone(of: directory.descriptor, recursive: false, [.noSetuid, .noDevices])
    }

    private static func clone(ofTreeAt path: String, _ directory: borrowing Descriptor) throws(Errno) -> DetachedMount {
        try DetachedMount.clone(ofTreeAt: path, directory, [.readOnly, .noSetuid, .noDevices]) {
            SealedDevices.holdsOthersUp($0.type)
        }
    }
}
