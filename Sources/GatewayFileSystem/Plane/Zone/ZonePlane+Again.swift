internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

// What goes on when a daemon ended in the middle of it. A request that it had begun comes again, to a daemon that cannot know how far the first one came:
// what is on the disk says so. Nobody else did the same through the mount meanwhile, since the kernel keeps the directory's lock for as long as the
// request has no answer; somebody beside the mount may have, within these milliseconds, and is taken for the daemon that ended.
//
// By operation, where it was carried out already:
// - mkdir, mknod, symlink, create: the name is there, of the same kind, the caller's, and made since the request began.
// - link: the name is there, and leads to the very file.
// - unlink, rmdir: the name is gone.
// - rename: the old name is gone, and the new one is there; of an exchange, the old name leads elsewhere than before.
// - setxattr with XATTR_CREATE: the attribute has the value. removexattr: there is none.
// - open: is opened again, and what was counted of the first time is taken back.
// - release: counted as done before it is done.
// - tmpfile: another one is made; nobody has seen the first.
extension ZonePlane {
    /// Goes on with the files that a predecessor had open.
    func adoptOpenFiles(_ backing: BackingFiles) {
        let open = files.adoptOpenFiles(backing)
        guard let usage else { return }
        for id in open {
            // What is left of one that cannot be opened is not counted until the next look at the whole zone.
            guard let node = files.nodes.node(id), let location = try? files.location(id, node) else { continue }
            if let inode = try? usage.opened(location.descriptor, node.handle) { files.openFiles.find(id)?.count(as: inode) }
        }
    }

    /// Whether the name was made by a predecessor, for this request.
    func wasMade(_ name: borrowing PathBytes, in directory: borrowing Descriptor, _ kind: FileKind, _ caller: Caller) -> Bool {
        guard let earlier = CurrentOnce.earlier, let status = try? directory.status(of: name), status.kind == kind,
            status.owner == caller.uid
        else { return false }
        // Some file systems keep no time of birth; this one changes with it.
        return ((try? directory.timeOfBirth(of: name)) ?? status.changed).isSince(earlier.began)
    }

    /// Whether the name was given to `file` by a predecessor, for this request.
    func wasLinked(_ name: borrowing PathBytes, in directory: borrowing Descriptor, to file: FileStatus) -> Bool {
        guard let earlier = CurrentOnce.earlier, let status = try? directory.status(of: name) else { return false }
        return status.identity == file.identity && status.changed.isSince(earlier.began)
    }

    /// Whether the attribute was set by a predecessor, for this request.
    func wasSet(_ name: borrowing PathBytes, of file: borrowing Descriptor, to value: UnsafeRawBufferPointer) -> Bool {
        guard CurrentOnce.earlier != nil else { return false }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: value.count + 1, alignment: 1)
        defer { unsafe room.deallocate() }
        guard let count = try? unsafe file.extendedAttribute(name, into: room), count == value.count else { return false }
        return unsafe room.prefix(count).elementsEqual(value)
    }

    /// Whether a predecessor moved the name, for this request.
    func wasMoved(
        _ parent: NodeID, _ name: borrowing PathBytes, to newParent: NodeID, _ newName: borrowing PathBytes, _ flags: RenameFlags
    ) -> Bool {
        guard let earlier = CurrentOnce.earlier, let from = try? files.directory(parent), let to = try? files.directory(newParent)
        else { return false }
        let old = try? from.descriptor.descriptor.status(of: name)
        guard Self.comesBack(flags) else { return old == nil && (try? to.descriptor.descriptor.status(of: newName)) != nil }
        return earlier.before != 0 && old?.inode != earlier.before
    }

    /// Has whoever does this again know whether it was done.
    func rememberMove(_ parent: NodeID, _ name: borrowing PathBytes, _ flags: RenameFlags) {
        guard Self.comesBack(flags), let from = try? files.directory(parent),
            let status = try? from.descriptor.descriptor.status(of: name)
        else { return }
        CurrentOnce.remember(status.inode)
    }

    /// Whether something has the old name afterwards, too.
    private static func comesBack(_ flags: RenameFlags) -> Bool { flags.contains(.exchange) || flags.contains(.whiteout) }

    /// Takes back what a predecessor had counted before it could answer; `isNamed` where it had counted a lookup as well.
    func takeBack(_ earlier: CurrentOnce.Earlier?, isNamed: Bool) {
        guard let id = earlier?.opened else { return }
        closed(id)
        if isNamed { files.forget(id, lookups: 1) }
    }
}

extension Timestamp {
    /// Whether it is `other` or later; of file systems that keep whole seconds the second counts.
    fileprivate func isSince(_ other: Timestamp) -> Bool {
        (seconds, nanoseconds) >= (other.seconds, nanoseconds == 0 ? 0 : other.nanoseconds)
    }
}
