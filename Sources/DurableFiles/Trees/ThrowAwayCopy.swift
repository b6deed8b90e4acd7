internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A copy of a tree that somebody else may change as they like, and that is thrown away. The tree itself is never touched by that, and no
/// file of the copy that can be written shares its inode with one of the tree.
///
/// Where the kernel can, nothing is copied: an overlay shows the tree, whose files are root's, as the owner's, and keeps what is changed
/// beside it. What is kept for root lies in a layer over that, as it is. It is mounted for the calling thread and for what that starts, so that no crash leaves a mount behind. Elsewhere the files
/// are copied.
///
/// Files that judge whoever runs in it stay root's: it may make others beside them, and can do nothing else to them.
package struct ThrowAwayCopy: Sendable {
    /// The copy, for this thread and for what it starts.
    package let path: String
    private let base: String
    private let isMounted: Bool

    /// Makes it below `base`, which is replaced; its parent exists. For a thread that ends with its work.
    ///
    /// - Parameters:
    ///   - owner: whose it is.
    ///   - kept: paths of files, links and submodules from the tree's top that stay root's, with the directories that lead to them.
    ///   - mounting: whether an overlay is tried.
    package init(
        of tree: String, at base: String, owner: (uid: UInt32, gid: UInt32), keeping kept: [[UInt8]] = [], mounting: Bool = true
    ) throws(FileError) {
        let kept = KeptFiles(kept)
        self.base = base
        path = base + "/tree"
        try Tree.remove(base)
        do throws(Errno) {
            guard mounting else { throw Errno.notSupported }
            try Self.overlay(tree, at: base, owner: owner, keeping: kept)
            isMounted = true
        } catch {
            // An old kernel, a file system that overlayfs does not take, a container that may not mount: copied after all, in whatever
            // state the attempt left the directory.
            Self.unmount(base)
            try Tree.remove(base)
            try DurableFile.makeDirectory(base, mode: 0o700)
            try Tree.copy(tree, to: path, owner: owner)
            isMounted = false
            if !kept.isEmpty { try keep(kept) }
        }
    }

    /// Makes further files root's, which were put into it: nothing runs in it meanwhile.
    package func keep(_ paths: [[UInt8]]) throws(FileError) {
        try keep(KeptFiles(paths))
    }

    private func keep(_ files: KeptFiles) throws(FileError) {
        try naming("keep files for root in", path) { () throws(Errno) in try files.take(in: path) }
    }

    /// Takes it out of the way, into `directory`, from where `Tree.removeDiscarded` removes it; nothing that was started in it may run any more.
    /// What a crash leaves instead is a plain directory.
    package func discard(into directory: String) throws(FileError) {
        if isMounted { Self.unmount(base) }
        try Tree.discard(base, into: directory)
    }

    private static func unmount(_ base: String) {
        for name in ["/tree", "/lower"] { try? Unmounting.unmount(base + name, lazily: true) }
    }

    private static func overlay(
        _ tree: String, at base: String, owner: (uid: UInt32, gid: UInt32), keeping kept: KeptFiles
    ) throws(Errno) {
        // The parts in which what is changed lies and is made: nothing of it outlives the copy, so nothing of it is synced.
        for name in ["", "/lower", "/kept", "/upper", "/work", "/tree"] {
            _ = try check { unsafe mkdir(base + name, name.isEmpty ? 0o700 : 0o755) }
        }
        // The top directory is the uppermost layer's, whatever lies below.
        _ = try check { unsafe chmod(base + "/upper", kept.isEmpty ? 0o755 : 0o1777) }
        if kept.isEmpty {
            _ = try check { unsafe chown(base + "/upper", owner.uid, owner.gid) }
        } else {
            try kept.link(from: tree, into: base + "/kept")
        }
        try MountNamespace.leave()
        let source = try directory(tree)
        let lower = try DetachedMount.clone(of: source, recursive: false, [.readOnly, .noSetuid, .noDevices])
        try lower.map(by: OwnerMapping(rootAs: owner.uid, owner.gid))
        try lower.attach(to: directory(base + "/lower"))
        // By descriptor, since a path may hold what separates paths there. Opened again: what is mounted on them counts.
        let below = try directory(base + "/lower")
        let over = try directory(base + "/kept")
        let upper = try directory(base + "/upper")
        let work = try directory(base + "/work")
        func named(_ number: Int32) -> String { "/proc/self/fd/\(number)" }
        let mount = try DetachedMount.new(
            type: "overlay",
            [
                ("lowerdir", (kept.isEmpty ? "" : named(over.rawValue) + ":") + named(below.rawValue)),
                ("upperdir", named(upper.rawValue)), ("workdir", named(work.rawValue)),
                // Directories can be renamed as in a copy; nothing here is worth a sync.
                ("redirect_dir", "on"), ("index", "off"), ("volatile", nil),
            ], [.noSetuid, .noDevices])
        try mount.attach(to: directory(base + "/tree"))
    }

    private static func directory(_ path: String) throws(Errno) -> Descriptor {
        try Descriptor.open(path, [.readOnly, .directory, .noFollow])
    }
}
