internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

extension Gateway {
    /// The view over the mountpoint, then what is live and each zone over its own directory in the view.
    static func mount(
        _ planes: [Plane], _ preparation: Preparation, _ watch: inout MountWatch, _ kept: KeptState
    ) throws(Errno) {
        let hasGuard = preparation.connectionGuard != nil
        for (index, plane) in planes.enumerated() {
            let mount = try plane.session.mount(scratch: preparation.mountpoint.directory)
            let status = try mount.root.status()
            let (device, number) = (status.fileSystem, status.mount)
            try preparation.connectionGuard?.add(device)
            kept.connection(index, device)
            if case .partsInView(let paths) = plane.attachment {
                for path in paths { try Self.mount(path, of: mount.root, plane.label, over: preparation.mountpoint, &watch) }
                continue
            }
            let directory = try Self.directory(of: plane, preparation.mountpoint)
            try mount.attach(to: directory.descriptor)
            watch.add(plane.label, at: directory.path, mount: number)
        }
        if hasGuard {
            for (index, plane) in planes.enumerated() where plane.namesAhead != nil {
                let mount = try DetachedMount.clone(of: Self.root(of: plane, preparation.mountpoint), recursive: false, .readOnly)
                let root = SharedDescriptor(try mount.root.duplicate())
                kept.rootAhead(index, root.descriptor.rawValue)
                plane.namesAhead?.start(at: root, plane.session.notifier)
            }
        }
        // The look that proves it: through each mount, by way of the kernel and a worker.
        for plane in planes { _ = try Self.root(of: plane, preparation.mountpoint).status() }
    }

    /// What another process has mounted, on the same devices, and served until it was killed.
    static func resume(
        _ planes: [Plane], _ preparation: Preparation, _ watch: inout MountWatch, _ kept: KeptState
    ) throws(Errno) {
        let table = try MountTable.read()
        for plane in planes where plane.hasOtherRules(than: kept, preparation.options) { plane.files.rulesChanged() }
        for (index, plane) in planes.enumerated() {
            try plane.resume()
            // One that is gone was missed before.
            for path in Self.paths(of: plane, preparation.mountpoint) {
                if let entry = table.entry(at: path), entry.isPinfold { watch.add(plane.label, at: path, mount: entry.id) }
            }
            guard let namesAhead = plane.namesAhead, let root = kept.rootAhead(index) else { continue }
            namesAhead.start(at: SharedDescriptor(Descriptor(owning: root)), plane.session.notifier)
        }
        if preparation.options.sandboxIsDirect, let entry = table.entry(at: preparation.directMountpoint), entry.isDirect {
            watch.add(Zone.sandbox.label, at: entry.mountpoint, mount: entry.id)
        }
    }

    /// The directory `path` of a plane, over the same one in the view; not one that is hidden, or gone.
    private static func mount(
        _ path: String, of root: borrowing Descriptor, _ label: String, over mountpoint: borrowing Mountpoint,
        _ watch: inout MountWatch
    ) throws(Errno) {
        do throws(Errno) {
            let part = try DetachedMount.clone(of: root, path, recursive: false, [.readOnly, .noSetuid, .noDevices])
            let flags: OpenFlags = [.path, .directory, .noFollow]
            let directory = try Descriptor.open(mountpoint.path, flags).open(path, flags)
            let number = try part.root.status().mount
            try part.attach(to: directory)
            watch.add(label, at: "\(mountpoint.path)/\(path)", mount: number)
        } catch .noSuchFileOrDirectory {}
    }

    /// The directory that a plane is mounted on, as long as it is not.
    private static func directory(
        of plane: Plane, _ mountpoint: borrowing Mountpoint
    ) throws(Errno) -> Layout.Directory {
        switch plane.attachment {
        case .mountpoint: Layout.Directory(path: mountpoint.path, descriptor: try mountpoint.directory.duplicate())
        case .inView, .partsInView, .apart:
            Layout.Directory(path: Self.path(of: plane, mountpoint), descriptor: try Self.root(of: plane, mountpoint))
        }
    }

    /// The zone that the kernel serves by itself, where there is one, over its own directory in the view.
    static func mount(
        _ direct: consuming DirectZone?, over mountpoint: borrowing Mountpoint, _ watch: inout MountWatch
    ) throws(Errno) {
        guard let direct else { return }
        let flags: OpenFlags = [.path, .directory, .noFollow]
        let directory = try Descriptor.open(mountpoint.path, flags).open(direct.place, flags)
        let (place, number) = (direct.place, try direct.mount.root.status().mount)
        try direct.attach(to: directory)
        watch.add(Zone.sandbox.label, at: "\(mountpoint.path)/\(place)", mount: number)
    }

    private static func path(of plane: Plane, _ mountpoint: borrowing Mountpoint) -> String {
        switch plane.attachment {
        case .mountpoint: mountpoint.path
        case .inView(let path): "\(mountpoint.path)/\(path)"
        case .partsInView: mountpoint.path
        case .apart(let path): path
        }
    }

    /// Where its mounts are.
    private static func paths(of plane: Plane, _ mountpoint: borrowing Mountpoint) -> [String] {
        if case .partsInView(let paths) = plane.attachment { return paths.map { "\(mountpoint.path)/\($0)" } }
        return [path(of: plane, mountpoint)]
    }

    /// What is met now where the plane is mounted.
    private static func root(of plane: Plane, _ mountpoint: borrowing Mountpoint) throws(Errno) -> Descriptor {
        let flags: OpenFlags = [.path, .directory, .noFollow]
        guard case .inView(let path) = plane.attachment else { return try Descriptor.open(Self.path(of: plane, mountpoint), flags) }
        return try Descriptor.open(mountpoint.path, flags).open(path, flags)
    }
}

extension KeptState {
    /// The root of the mount by which a plane's names are listed ahead.
    fileprivate func rootAhead(_ plane: Int) -> Int32? {
        let number = words[Self.rootsAhead[plane]]
        return number == 0 ? nil : Int32(clamping: number - 1)
    }
    fileprivate func rootAhead(_ plane: Int, _ root: Int32) { words[Self.rootsAhead[plane]] = UInt64(root) + 1 }

    fileprivate func connection(_ plane: Int, _ device: UInt64) { words[Self.connections[plane]] = device }

    /// The device numbers of what is mounted, by which the kernel's connections are called.
    var connections: [UInt64] { Self.connections.map { words[$0] }.filter { $0 != 0 } }

    private static let connections: [KeptWord] = [.connection0, .connection1, .connection2, .connection3, .connection4]

    /// What a server has open beside its planes' files, and leaves to the next.
    func forEachOtherDescriptor(_ body: (Int32) -> Void) {
        for plane in Self.rootsAhead.indices { if let root = rootAhead(plane) { body(root) } }
    }

    private static let rootsAhead: [KeptWord] = [.rootAhead0, .rootAhead1, .rootAhead2, .rootAhead3, .rootAhead4]
}
