internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage
internal import ZonePolicy

// Which rules hold for a directory: by its path, until something may have moved.
extension PlaneFiles {
    /// Which rules hold for the directory in the arrangement `now`, or in a later one.
    @inline(__always)
    func place(_ id: NodeID, _ node: Node, _ descriptor: SharedDescriptor, _ now: UInt32) throws(Errno) -> Place {
        if node.epoch == now || id == .root { return node.place }
        return try placeAnew(id, node, descriptor, now)
    }

    /// Follows the path that the kernel has for the directory down from the root, and makes sure that it is the directory's: one that was
    /// moved out of the plane has a path too, from another root.
    private func placeAnew(
        _ id: NodeID, _ node: Node, _ descriptor: SharedDescriptor, _ now: UInt32
    ) throws(Errno) -> Place {
        let place: Place
        do throws(Errno) {
            place = self.place(ofPath: try path(of: descriptor.descriptor))
        } catch .fileNameTooLong {
            place = try placeByParent(descriptor.descriptor, node.mount, now)
        }
        nodes.update(id) { node in
            node.place = place
            node.epoch = now
        }
        return place
    }

    /// The same for a directory whose path is longer than the kernel says one (PATH_MAX): by its name in the directory above, and that one's in the next, up to
    /// one that is placed. Whoever is in it can use it by names from there.
    private func placeByParent(
        _ directory: borrowing Descriptor, _ mount: UInt16, _ now: UInt32
    ) throws(Errno) -> Place {
        var names: [[UInt8]] = []
        var child = try directory.duplicate()
        while names.count < Self.levels {
            let parent = try child.open("..", [.path, .directory], [.noLinks, .noMagicLinks])
            names.append(try Self.name(of: child, in: parent))
            if let above = try placed(parent, mount, now) {
                return names.reversed().reduce(above) { policy.child(of: $0, named: $1.span) }
            }
            child = parent
        }
        throw .fileNameTooLong
    }

    /// How far a directory may be from one that is placed. The kernel knows all those above one that it knows, so mostly the first is.
    private static var levels: Int { 1000 }

    /// Which rules hold for the directory where that can be said without one above; nil else.
    private func placed(
        _ directory: borrowing Descriptor, _ mount: UInt16, _ now: UInt32
    ) throws(Errno) -> Place? {
        if let found = try? FileHandle.of(directory), let id = nodes.find(found, mount: mount), let node = nodes.node(id),
            node.epoch == now
        {
            return node.place
        }
        do throws(Errno) {
            return place(ofPath: try path(of: directory))
        } catch .fileNameTooLong {
            return nil
        }
    }

    /// ESTALE where it has none there any more.
    private static func name(of directory: borrowing Descriptor, in parent: borrowing Descriptor) throws(Errno) -> [UInt8] {
        let identity = try directory.status().identity
        var name: [UInt8]?
        try DirectoryReader().read(try parent.open(".", [.readOnly, .directory]), from: 0) { entry throws(Errno) in
            guard entry.inode == identity.inode, !entry.name.isDotOrDotDot,
                (try? parent.status(of: entry.name).identity) == identity
            else { return true }
            name = entry.name.array
            return false
        }
        guard let name else { throw .staleNFSFileHandle }
        return name
    }

    /// Which rules hold at a path from the root.
    func place(ofPath path: [UInt8]) -> Place {
        path.split(separator: UInt8(ascii: "/")).reduce(policy.root(of: zone)) { policy.child(of: $0, named: Array($1).span) }
    }

    /// The path from the root by which the kernel knows the file, and which leads to it; empty for the root.
    ///
    /// - Throws: ESTALE where there is none below the root.
    func path(of file: borrowing Descriptor) throws(Errno) -> [UInt8] {
        var path = try file.magicLinkText()
        while path.first == UInt8(ascii: "/") { path.removeFirst() }
        let status = try file.status()
        let there =
            try path.isEmpty
            ? source.root.descriptor.status()
            : path.withPathBytes { name throws(Errno) in try source.root.descriptor.open(name, [.path, .noFollow]).status() }
        guard there.inode == status.inode, there.fileSystem == status.fileSystem else { throw .staleNFSFileHandle }
        return path
    }

    /// Directories found before this may have other rules now.
    func rearranged() { arrangement.wrappingAdd(1, ordering: .acquiringAndReleasing) }
}
