internal import AuditLog
internal import CLinux
package import FuseSession
package import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

// Opens. The kernel reads and writes the backing file by itself wherever it can; all opens of an inode share one.
extension ZonePlane {
    package func open(_ request: consuming OpenRequest, node id: NodeID, flags: OpenFlags) {
        let file: OpenFile
        // Of a file that only grows, whatever a shared map has changed would be written to its end: the kernel makes none then.
        var allowsMaps = true
        var act = Act(.open, request.caller)
        let earlier = CurrentOnce.earlier
        defer { takeBack(earlier, isNamed: false) }
        do throws(Errno) {
            let clears = request.killsPrivileges
            file = try countingNames(&act) { act throws(Errno) in
                let node = try files.node(id)
                // FIFOs, sockets and devices are the kernel's own to open: a request for one is a forged one.
                guard node.isRegular else { throw .invalidArgument }
                return try openKnown(id, node, flags, clearsPrivileges: clears, &allowsMaps, &act)
            }
        } catch {
            tell(act, id, error: error)
            return request.fail(error)
        }
        if flags.writes { tell(act, id) }
        let taken =
            if let backing = file.passedThrough { request.reply(Handle(rawValue: id.rawValue), backing: backing.id) } else {
                request.reply(
                    Handle(rawValue: id.rawValue),
                    !allowsMaps ? [.direct, .noFlush] : files.keepsPages(id) ? [.keepCache, .noFlush] : .noFlush)
            }
        if !taken { closed(id) }
    }

    /// Opens a file that is there, regular and known.
    private func openKnown(
        _ id: NodeID, _ node: Node, _ flags: OpenFlags, clearsPrivileges: Bool, _ allowsMaps: inout Bool, _ act: inout Act
    ) throws(Errno) -> OpenFile {
        let location = try files.location(id, node)
        if flags.writes {
            try permit(files.policy.decide(.write, at: node.place), &act)
            let status = try location.descriptor.status()
            try permitInode(id, node, status, &act)
            // The kernel asks the inode of the mount, which knows nothing of it, and no backing file.
            if status.isImmutable || status.isAppendOnly && (!flags.contains(.append) || flags.contains(.truncate)) {
                throw .notPermitted
            }
            allowsMaps = !status.isAppendOnly
        }
        try FileCreator.become(act.caller)
        // Truncated before it counts as open: a failure leaves nothing to take back.
        if flags.contains(.truncate) {
            try resizing(location.descriptor) { () throws(Errno) in
                try FileCreator.withPrivileges(if: !clearsPrivileges) { () throws(Errno) in
                    try location.descriptor.reopen([.writeOnly, .nonBlocking, .noControllingTerminal]).truncate(to: 0)
                }
            }
        }
        return try opened(id, node, location, flags, act.caller)
    }

    /// Counts one open of the file, and sets it up where it is the first.
    private func opened(
        _ id: NodeID, _ node: Node, _ location: SharedDescriptor, _ flags: OpenFlags, _ caller: Caller,
        writer: SharedDescriptor? = nil
    ) throws(Errno) -> OpenFile {
        let file = try openedAsIs(id, node, location, flags, caller, writer)
        // What root's writes leave is left by everybody's who shares the backing file: then it goes beforehand.
        if flags.writes, caller.uid != 0, file.passedThrough?.user == 0 { try? clearPrivileges(location.descriptor) }
        return file
    }

    private func openedAsIs(
        _ id: NodeID, _ node: Node, _ location: SharedDescriptor, _ flags: OpenFlags, _ caller: Caller, _ writer: SharedDescriptor?
    ) throws(Errno) -> OpenFile {
        if let known = files.openFiles.again(id) {
            do throws(Errno) {
                if known.passedThrough == nil { try prepareServing(known, id, node, flags) }
            } catch {
                closed(id)
                throw error
            }
            CurrentOnce.opened(id)
            return known
        }
        let backing = backingFile(id, location.descriptor, caller)
        // What the kernel holds is opened again as it is needed: descriptors of such files are for speed, and everybody's.
        let keepsDescriptor = files.openFiles.pinned < pinnedLimit || backing == nil || !node.handle.isHandle
        if backing == nil { try permitPin(caller.uid) }
        let inode = try usage?.opened(location.descriptor, node.handle) ?? 0
        let mine = OpenFile(
            backing: backing, isPassedThrough: usage == nil, location: keepsDescriptor ? location : nil, inode: inode,
            user: caller.uid,
            writer: keepsDescriptor ? writer : nil)
        let counted: OpenFile
        do throws(Errno) {
            if mine.passedThrough == nil { try prepareServing(mine, id, node, flags) }
            counted = try files.openFiles.first(id, mine)
        } catch {
            if usage?.closed(inode) == true { files.letGo(id) }
            throw error
        }
        CurrentOnce.opened(id)
        if counted !== mine { _ = usage?.closed(inode) }
        return counted
    }

    /// One user never has all of the descriptors that there are for open files: a quarter is left to the others.
    private func permitPin(_ user: UInt32) throws(Errno) {
        let all = files.openFiles.pinned
        if all >= pinnedLimit || (all >= pinnedLimit / 4 && files.openFiles.pinned(by: user) >= pinnedLimit - pinnedLimit / 4) {
            throw .tooManyOpenFilesInSystem
        }
    }

    /// A file that this daemon reads and writes for the kernel: with one descriptor for both, so that what could not be opened shows at the open.
    private func prepareServing(_ file: OpenFile, _ id: NodeID, _ node: Node, _ flags: OpenFlags) throws(Errno) {
        if flags.writes {
            _ = try writer(file, id, node, appending: flags.contains(.append))
        } else {
            _ = try files.reading(id, node)
        }
    }

    /// The setuid bit, and the setgid bit where the group may execute, as a write by an ordinary user clears them.
    private func clearPrivileges(_ file: borrowing Descriptor) throws(Errno) {
        let mode = try file.status().mode & 0o7777
        let cleared = mode & (mode & 0o010 != 0 ? 0o1777 : 0o3777)
        if cleared != mode {
            try FileCreator.withPrivileges(if: cleared & 0o2000 != 0) { () throws(Errno) in try file.setMode(cleared) }
        }
    }

    /// The file's registration with the kernel, which outlives its opens a while: most files are opened more than once. It keeps the inode while
    /// that has no name, and costs no descriptor.
    private func backingFile(_ id: NodeID, _ location: borrowing Descriptor, _ caller: Caller) -> BackingFile? {
        guard let backing else { return nil }
        if let known = files.source.backing.find(id.rawValue), known.user == caller.uid { return known }
        // Through a map it could be changed anywhere.
        if (try? location.status())?.isAppendOnly == true { return nil }
        // Refused where the filesystem below is stacked itself, or for lack of a privilege: the same is served by reads and writes.
        let made = try? FileCreator.withPrivileges(if: caller.uid == 0) { () throws(Errno) in
            try backing.open(location, for: caller.uid)
        }
        guard let made else { return nil }
        files.source.backing.keep(made, id.rawValue)
        return made
    }

    /// A descriptor of an open file for writing.
    func writer(_ file: OpenFile, _ id: NodeID, _ node: Node, appending: Bool = false) throws(Errno) -> SharedDescriptor {
        try file.writing(writers, id) { () throws(Errno) in
            let flags: OpenFlags = [.readWrite, .nonBlocking, .noControllingTerminal]
            let location = try files.location(id, node)
            do throws(Errno) {
                return try location.descriptor.reopen(flags)
            } catch {
                // An append-only inode opens in no other way. Others must not: their opens share the descriptor, and what is written at an offset would
                // go to the end.
                guard appending, error == .notPermitted else { throw error }
                return try location.descriptor.reopen(flags.union(.append))
            }
        }
    }

    /// The open file of a request that came through one.
    func openFile(_ id: NodeID) throws(Errno) -> OpenFile {
        guard let file = files.openFiles.find(id) else { throw .badFileDescriptor }
        return file
    }

    package func release(_ request: consuming EmptyRequest, node: NodeID, handle: Handle, flags: OpenFlags) {
        // Closed twice, a file would be taken from those who have it open still; not at all, it is closed with the last unmount.
        CurrentOnce.isAsGoodAsDone()
        closed(node)
        request.succeed()
    }

    func closed(_ id: NodeID) {
        guard let last = letGoOfLast(id), let usage else { return }
        // Open since before there was a quota: what the kernel wrote by itself is measured at the end.
        if last.passedThrough != nil, let node = files.nodes.node(id), let location = try? files.source.location(id, node) {
            usage.settle(last.inode, location.descriptor, ZoneUsage.Reservation(), isHeld: false)
        }
        if usage.closed(last.inode) { files.letGo(id) }
    }

    /// - Returns: the file, where none of its opens is left; all descriptors that they had are closed.
    private func letGoOfLast(_ id: NodeID) -> OpenFile? {
        guard let last = files.openFiles.release(id) else { return nil }
        // A descriptor for reading would keep the space of a file that has no name any more; and with it the way to write stays closed to others.
        files.source.cache.drop(id, .reading)
        writers.drop(id.rawValue)
        return last
    }

    // MARK: Making and opening in one

    package func create(
        _ request: consuming CreateRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, flags: OpenFlags
    ) {
        let entry: Entry
        let file: OpenFile
        var act = Act(.create, request.caller)
        let earlier = CurrentOnce.earlier
        defer { takeBack(earlier, isNamed: true) }
        do throws(Errno) {
            (entry, file) = try arrangement.shared { () throws(Errno) in
                let directory = try files.directory(parent)
                try permit(files.policy.decide(.create, unsafe name.bytes.span, in: directory.place), &act)
                try FileCreator.become(act.caller)
                return try makingName(in: directory, inodes: 1) { () throws(Errno) in
                    try createNew(directory, name, mode, flags, act.caller)
                }
            }
        } catch .fileExists where !flags.contains(.exclusive) {
            // Somebody beside the mount was faster. The kernel held the name for absent, so nobody has asked yet whether the caller may open what is
            // there. At ESTALE the kernel looks the name up once more, and does all that opening a file takes: permissions, a link to follow, O_TRUNC.
            return request.fail(.staleNFSFileHandle)
        } catch {
            tell(act, parent, name, error: error)
            return request.fail(error)
        }
        tell(act, parent, name)
        reply(request, entry, file)
    }

    private func reply(_ request: consuming CreateRequest, _ entry: Entry, _ file: OpenFile) {
        let handle = Handle(rawValue: entry.node.rawValue)
        let taken =
            if let backing = file.passedThrough { request.reply(entry, handle, backing: backing.id) } else {
                request.reply(entry, handle, .noFlush)
            }
        if !taken {
            closed(entry.node)
            files.forget(entry.node, lookups: 1)
        }
    }

    private func createNew(
        _ directory: PlaneFiles.Directory, _ name: borrowing PathBytes, _ mode: UInt32, _ flags: OpenFlags, _ caller: Caller
    ) throws(Errno) -> (Entry, OpenFile) {
        // Before there is a file that could not be opened.
        if !has(.passthrough) { try permitPin(caller.uid) }
        // O_EXCL also keeps a symbolic link that stands here from being followed.
        let wanted: OpenFlags = [.readWrite, .create, .exclusive, .noFollow, .nonBlocking, .noControllingTerminal]
        let made: Descriptor
        do throws(Errno) {
            made = try FileCreator.withPrivileges(if: mode & 0o2000 != 0) { () throws(Errno) in
                try directory.descriptor.descriptor.open(name, wanted, mode: mode & 0o7777)
            }
        } catch .fileExists where wasMade(name, in: directory.descriptor.descriptor, .regular, caller) {
            // It may be one that nobody may open but who makes it.
            try FileCreator.become(user: 0, group: 0, umask: caller.umask)
            made = try directory.descriptor.descriptor.open(name, wanted.subtracting([.create, .exclusive]))
            try FileCreator.become(caller)
        }
        return try entered(made, place(of: name, in: directory), name, directory, flags, caller)
    }

    private func place(of name: borrowing PathBytes, in directory: PlaneFiles.Directory) -> Place {
        unsafe files.policy.child(of: directory.place, named: name.bytes.span)
    }

    /// Makes a file known that this daemon has just made and holds open.
    private func entered(
        _ made: consuming Descriptor, _ place: Place, _ name: borrowing PathBytes, _ directory: PlaneFiles.Directory,
        _ flags: OpenFlags,
        _ caller: Caller
    ) throws(Errno) -> (Entry, OpenFile) {
        let handle = directory.mount.anchor == nil ? nil : try? FileHandle.of(made)
        if let handle { files.filter?.add(handle) }
        let status = try made.status()
        // What has no name is counted by its open.
        if let usage, status.links > 0 { usage.made(status.inode, ZoneUsage.bytes(status)) }
        let found = Source.Found(
            status: status, handle: handle ?? .numbers(device: status.fileSystem, inode: status.inode), mount: directory.mount)
        let entry = try files.enter(found, place, name, in: directory).0
        let shared = SharedDescriptor(made)
        do throws(Errno) {
            return (entry, try opened(entry.node, try files.node(entry.node), shared, flags, caller, writer: shared))
        } catch {
            files.forget(entry.node, lookups: 1)
            throw error
        }
    }

    package func temporaryFile(_ request: consuming CreateRequest, parent: NodeID, mode: UInt32, flags: OpenFlags) {
        let entry: Entry
        let file: OpenFile
        var act = Act(.tmpfile, request.caller)
        let earlier = CurrentOnce.earlier
        defer { takeBack(earlier, isNamed: true) }
        do throws(Errno) {
            let directory = try files.directory(parent)
            try permit(files.policy.decide(.makeUnnamed, at: directory.place), &act)
            try FileCreator.become(request.caller)
            // O_EXCL, where the caller gave it, keeps the file from being linked later.
            let wanted = OpenFlags.temporary.union(.readWrite).union(flags.intersection(.exclusive))
            if !has(.passthrough) { try permitPin(request.caller.uid) }
            let reservation = try usage?.reserveName(inodes: 1)
            defer { if let usage, let reservation { usage.release(reservation) } }
            let made = try FileCreator.withPrivileges(if: mode & 0o2000 != 0) { () throws(Errno) in
                try directory.descriptor.descriptor.open(".", wanted, mode: mode & 0o7777)
            }
            let none: StaticString = ""
            let name = unsafe PathBytes(borrowing: UnsafeRawPointer(none.utf8Start).assumingMemoryBound(to: CChar.self), count: 0)
            (entry, file) = try entered(made, directory.place, name, directory, flags, request.caller)
        } catch {
            tell(act, parent, error: error)
            return request.fail(error)
        }
        tell(act, parent)
        reply(request, entry, file)
    }
}
