package import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage
internal import ZonePolicy

// What coherence asks and tells a plane's files when something changed beside the mount. All of it is safe on any thread, and none of it waits for a
// request.
extension PlaneFiles {
    /// The number of the file with this handle on `mount`, if the kernel knows the file: what its notifications are about.
    package func find(_ handle: FileHandle, on mount: Mount) -> NodeID? { nodes.find(handle, mount: mount.index) }

    /// A name went beside the mount: it is no proof any more that the file is inside the zone. `child` is what had it, where that is known: it is not
    /// opened for writing until it has been found by a name again.
    package func nameWent(_ name: UnsafeBufferPointer<UInt8>, in parent: FileHandle, child: FileHandle?, on mount: Mount) {
        guard zone.isWritable else { return }
        if !links.isEmpty {
            let key = unsafe Links.key(parent, name)
            // The report may be older than what has the name now.
            if let owner = links.owner(of: key), unsafe !leads(name, in: parent, to: owner, on: mount) {
                links.wentElsewhere(name: key)
            }
        }
        if let child, let id = nodes.find(child, mount: mount.index), id != .root { nodes.update(id) { $0.flags.insert(.adrift) } }
    }

    /// A file that the kernel knows got one more name beside the mount. That one may be outside, and the only one some day.
    package func gotName(_ id: NodeID) {
        guard zone.isWritable, let node = nodes.node(id), !node.isDirectory, let location = try? source.location(id, node),
            let status = try? location.descriptor.status(), status.links > 1
        else { return }
        nodes.update(id) { $0.flags.insert(.severalNames) }
    }

    private func leads(_ name: UnsafeBufferPointer<UInt8>, in parent: FileHandle, to file: UInt64, on mount: Mount) -> Bool {
        guard parent.isHandle, let anchor = mount.anchor, let start = name.baseAddress else { return false }
        do throws(Errno) {
            let directory = try parent.open(through: anchor.descriptor, [.path, .directory])
            // A NUL follows, as the kernel reports names.
            let bytes = unsafe PathBytes(
                borrowing: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self), count: name.count)
            return Links.number(try source.find(bytes, in: directory, on: mount).handle) == file
        } catch {
            return false
        }
    }

    /// A directory was moved beside the mount: other rules may hold for what is below it.
    ///
    /// - Parameter id: which one; nil where it is not known, or was one of many: any may have left the zone then. Where it left the zone, whoever stands in it has files by names that
    ///   lead there still.
    package func directoryMoved(_ id: NodeID? = nil) {
        rearranged()
        guard zone.isWritable else { return }
        if let id {
            guard id != .root, let node = nodes.node(id), let location = try? source.location(id, node),
                (try? path(of: location.descriptor)) == nil
            else { return }
        }
        for id in nodes.all { nodes.update(id) { if !$0.isDirectory { $0.flags.insert(.unproved) } } }
    }

    /// A directory was moved beside the mount, out of `parent` or into it, and the names in it with it: into the zone or out of it, perhaps.
    package func namesMoved(_ parent: FileHandle, on mount: Mount) {
        guard zone.isWritable, !links.isIdle, isInside(parent, on: mount) else { return }
        links.forgetAll()
    }

    /// Whether a directory lies in the zone, or did a moment ago.
    private func isInside(_ directory: FileHandle, on mount: Mount) -> Bool {
        if nodes.find(directory, mount: mount.index) != nil { return true }
        guard directory.isHandle, let anchor = mount.anchor else { return true }
        do throws(Errno) {
            _ = try path(of: try directory.open(through: anchor.descriptor, [.path, .directory]))
            return true
        } catch .staleNFSFileHandle, .noSuchFileOrDirectory {
            return false
        } catch {
            return true
        }
    }

    /// The kernel is about to be told that data changed.
    package func dataChanges() { changes.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// A name of a hidden file that has several may have come to be: look again at what is hidden.
    package func learnHidden() { learnHiddenFiles() }
}
