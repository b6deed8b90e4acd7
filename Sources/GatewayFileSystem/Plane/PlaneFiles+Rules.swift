internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage
internal import ZonePolicy

// What becomes of what the kernel knows when other rules hold than those that it was told by. Directories are placed by their paths whenever they are used. Of
// all else a node says no name, so names are gone through: those in the directories that the kernel knows, since it has no other name without its directory.
extension PlaneFiles {
    /// Other rules hold from here on than those that the nodes were placed by. Nothing is served yet.
    func rulesChanged() {
        isPlacing.store(true, ordering: .releasing)
        for id in nodes.all { nodes.update(id) { if !$0.isDirectory { $0.flags.insert(.unplaced) } } }
    }

    /// ESTALE for what is hidden, and for what nobody knows the rules of.
    func requireShown(_ id: NodeID, _ node: Node) throws(Errno) {
        if node.flags.contains(.unplaced) {
            if isPlacing.load(ordering: .acquiring) { return }
        } else if node.isDirectory, try !place(id, node, source.location(id, node), arrangement.load(ordering: .acquiring)).isHidden
        {
            // It was moved to where it is shown.
            return
        }
        throw .staleNFSFileHandle
    }

    // MARK: Placing

    /// Places all files that the kernel knows, while it is served. Whoever looks a name up meanwhile places its file as well.
    ///
    /// What has a name, and none in any directory that the kernel knows, stays refused until it is found by a name.
    func placeFiles() {
        forEachName { name, place, found, _ in
            if place.isHidden { hidden.add(found.status, found.handle) }
            guard found.status.kind != .directory, let id = nodes.find(found.handle, mount: found.mount.index) else { return }
            let hasNames = found.status.links > 1
            nodes.update(id) { node in
                let isPlaced = !node.flags.contains(.unplaced)
                node.place = hasNames && isPlaced ? node.place.stricter(than: place) : place
                node.flags.remove(.unplaced)
            }
        }
        for id in nodes.all { if let node = nodes.node(id), node.flags.contains(.unplaced) { placeAlone(id, node) } }
        isPlacing.store(false, ordering: .releasing)
    }

    /// Places a file that was found by no name: by the one that the disk's kernel has for it, or as one that has none and is open.
    private func placeAlone(_ id: NodeID, _ node: Node) {
        guard let location = try? location(id, node), let status = try? location.descriptor.status() else { return }
        let place: Place
        if status.links == 0 {
            place = policy.root(of: zone)
        } else {
            guard let path = try? path(of: location.descriptor) else { return }
            place = self.place(ofPath: path)
        }
        nodes.update(id) { node in
            if node.flags.contains(.unplaced) { node.place = place }
            node.flags.remove(.unplaced)
        }
    }

    // MARK: Taking back

    /// Has the kernel forget the names that are hidden, with all that it has of their files, and ask again for those that it may hold for absent.
    func takeBackNames(_ notifier: Notifier) {
        // Whoever gives it data ahead of requests takes that back as well.
        dataChanges()
        var changed: Set<NodeID> = []
        forEachName { name, place, found, directory in
            let id = nodes.find(found.handle, mount: found.mount.index)
            let hasNames = found.status.links > 1 && found.status.kind != .directory
            if let id, hasNames, hidden.contains(found.status, found.handle) { nodes.update(id) { $0.place = .hidden } }
            if place.isHidden || id.flatMap(nodes.node)?.place.isHidden == true {
                try? notifier.invalidateEntry(name, in: directory)
            } else if id == nil || hasNames {
                try? notifier.expireEntry(name, in: directory)
            } else {
                return
            }
            changed.insert(directory)
        }
        for id in nodes.all {
            guard changed.contains(id) || nodes.node(id)?.place.isHidden == true else { continue }
            try? notifier.invalidateInode(id, offset: 0, length: 0)
        }
    }

    /// How many files are open that the rules would not let be opened so, and that the kernel reads and writes by itself.
    var opensBeyondRules: Int {
        openFiles.passedThrough.count { id in nodes.node(id).map { $0.isInDoubt || $0.place.isProtected } ?? false }
    }

    // MARK: Names

    /// Looks at every name on the disk in each directory that the kernel knows.
    private func forEachName(
        _ body: (_ name: borrowing PathBytes, _ place: Place, _ found: Source.Found, _ directory: NodeID) -> Void
    ) {
        for id in nodes.all {
            guard let node = nodes.node(id), node.isDirectory, let directory = try? directory(id, node),
                let opened = try? directory.descriptor.descriptor.open(".", [.readOnly, .directory]),
                let stream = try? DirectoryStream(opened, from: 0)
            else { continue }
            while let entry = try? stream.peek() {
                defer { stream.advance() }
                let bytes = unsafe entry.name
                let name = unsafe PathBytes(
                    borrowing: UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: CChar.self),
                    count: bytes.count)
                if name.isDotOrDotDot { continue }
                guard let found = try? source.find(name, in: directory.descriptor.descriptor, on: directory.mount) else { continue }
                body(name, unsafe policy.child(of: directory.place, named: bytes.span), found, id)
            }
        }
    }
}
