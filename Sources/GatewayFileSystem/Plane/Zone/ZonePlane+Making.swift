internal import AuditLog
package import FuseSession
package import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

// Names that come to be. Each is made by the calling thread as the caller (`FileCreator`), which gives the owner, the group and the umask; a directory's setgid
// bit and default ACL do what they do on any disk.
extension ZonePlane {
    package func mkdir(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32) {
        let caller = request.caller
        make(request, .mkdir, .makeDirectory, .directory, parent, name) { directory throws(Errno) in
            try FileCreator.become(caller)
            try directory.makeDirectory(name, mode: mode & 0o7777)
        }
    }

    package func mknod(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, mode: UInt32, device: UInt32) {
        let operation: NameOperation
        switch FileKind(mode: mode) {
        case .regular, nil: operation = .create
        case .fifo: operation = .makeFIFO
        case .socket: operation = .makeSocket
        case .characterDevice, .blockDevice: operation = .makeDevice
        case .directory, .symbolicLink: return request.fail(.invalidArgument)
        }
        let caller = request.caller
        make(request, .mknod, operation, FileKind(mode: mode) ?? .regular, parent, name) { directory throws(Errno) in
            try FileCreator.become(caller)
            try FileCreator.withPrivileges(if: mode & 0o2000 != 0) { () throws(Errno) in try directory.makeNode(name, mode: mode) }
        }
    }

    package func symlink(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes, target: borrowing PathBytes)
    {
        let caller = request.caller
        make(request, .symlink, .makeSymbolicLink, .symbolicLink, parent, name) { directory throws(Errno) in
            try FileCreator.become(caller)
            try directory.makeSymbolicLink(name, target: target)
        }
    }

    private func make(
        _ request: consuming EntryRequest, _ recorded: AuditOperation, _ operation: NameOperation, _ kind: FileKind,
        _ parent: NodeID,
        _ name: borrowing PathBytes,
        _ body: (borrowing Descriptor) throws(Errno) -> Void
    ) {
        let entry: Entry
        var act = Act(recorded, request.caller)
        do throws(Errno) {
            entry = try arrangement.shared { () throws(Errno) in
                let directory = try files.directory(parent)
                try permit(files.policy.decide(operation, unsafe name.bytes.span, in: directory.place), &act)
                return try makingName(in: directory, inodes: 1) { () throws(Errno) in
                    do throws(Errno) {
                        try body(directory.descriptor.descriptor)
                    } catch .fileExists where wasMade(name, in: directory.descriptor.descriptor, kind, act.caller) {}
                    let entry = try files.look(name, in: directory)
                    usage?.made(entry.attributes.inode, Int64(clamping: entry.attributes.blocks) * 512)
                    return entry
                }
            }
        } catch {
            tell(act, parent, name, error: error)
            return request.fail(error)
        }
        tell(act, parent, name)
        if !request.reply(entry) { files.forget(entry.node, lookups: 1) }
    }

    package func link(_ request: consuming EntryRequest, node id: NodeID, newParent: NodeID, newName: borrowing PathBytes) {
        let entry: Entry
        var act = Act(.link, request.caller)
        do throws(Errno) {
            entry = try countingNames(&act) { act throws(Errno) in try link(id, newParent, newName, &act) }
        } catch {
            tell(act, id, to: newParent, newName, error: error)
            return request.fail(error)
        }
        tell(act, id, to: newParent, newName)
        if !request.reply(entry) { files.forget(entry.node, lookups: 1) }
    }
}

extension ZonePlane {
    private func link(
        _ id: NodeID, _ newParent: NodeID, _ newName: borrowing PathBytes, _ act: inout Act
    ) throws(Errno) -> Entry {
        try arrangement.shared { () throws(Errno) in
            let node = try files.node(id)
            let directory = try files.directory(newParent)
            try permit(files.policy.decide(.linkFrom, at: node.place), &act)
            try permit(
                files.policy.decide(.link, unsafe newName.bytes.span, in: directory.place, kind: node.kind.policyKind), &act)
            let location = try files.location(id, node)
            let status = try location.descriptor.status()
            try permitInode(id, node, status, &act)
            // The only name so far counts from now on, as the one that the file was found under.
            let file = Links.number(node.handle)
            if status.links == 1, files.links.count(file) == 0 { files.links.saw(node.nameKey, of: file) }
            files.nodes.update(id) { $0.flags.insert(.severalNames) }
            return try makingName(in: directory, inodes: 0) { () throws(Errno) in
                do throws(Errno) {
                    try location.descriptor.link(to: directory.descriptor.descriptor, newName)
                } catch .fileExists where wasLinked(newName, in: directory.descriptor.descriptor, to: status) {}
                usage?.gotName(status, node.handle)
                return try files.look(newName, in: directory)
            }
        }
    }
}

extension FileCreator {
    /// Makes this thread create files as `caller` from now on.
    @inline(__always)
    static func become(_ caller: Caller) throws(Errno) {
        try become(user: caller.uid, group: caller.gid, umask: caller.umask)
    }

    /// Runs `body`, with CAP_FSETID if a setgid bit is to be set, or the bits of a file that is changed are to stay.
    @inline(__always)
    static func withPrivileges<Result: ~Copyable>(if needed: Bool, _ body: () throws(Errno) -> Result) throws(Errno) -> Result {
        needed ? try keepingPrivileges(body) : try body()
    }
}

extension FileKind {
    /// The kind as the policy tells them apart.
    var policyKind: NodeKind {
        switch self {
        case .regular: .file
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        case .fifo: .fifo
        case .socket: .socket
        case .characterDevice, .blockDevice: .device
        }
    }
}
