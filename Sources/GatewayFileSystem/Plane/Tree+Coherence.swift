package import FuseSession
internal import Synchronization
internal import ZonePolicy

// What coherence asks and tells a tree when something changed beside the mount. All of it is safe on any thread, and touches tables alone.
extension Tree {
    /// The number of the file with this handle on `mount`, if the kernel knows the file: what its notifications are about.
    package func find(_ handle: FileHandle, on mount: Mount) -> NodeID? { nodes.find(handle, mount: mount.index) }

    /// A name went beside the mount: it is no proof any more that the file is inside the zone. `child` is what had it, where that is known: it is not
    /// opened for writing until it has been found by a name again.
    package func nameWent(_ name: UnsafeBufferPointer<UInt8>, in parent: FileHandle, child: FileHandle?, on mount: Mount) {
        guard zone.isWritable else { return }
        unsafe links.forget(name: Links.key(parent, name))
        if let child, let id = nodes.find(child, mount: mount.index), id != .root { nodes.update(id) { $0.flags.insert(.adrift) } }
    }

    /// A directory was moved beside the mount: other rules may hold for what is below it.
    package func directoryMoved() { rearranged() }

    /// The kernel is about to be told that data changed.
    package func dataChanges() { changes.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// A name of a hidden file that has several may have come to be: look again at what is hidden.
    package func learnHidden() { learnHiddenFiles() }
}
