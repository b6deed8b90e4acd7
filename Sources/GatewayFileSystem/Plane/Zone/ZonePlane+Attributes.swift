internal import AuditLog
package import FuseSession
package import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

extension ZonePlane {
    /// chmod, chown, truncate, utimensat. Whether the caller may was the kernel's to judge; setuid and setgid bits go with a truncation and a chown as on any
    /// disk, since this process writes without CAP_FSETID where the caller has none.
    package func setattr(_ request: consuming AttributesRequest, node id: NodeID, changes: AttributeChanges) {
        let attributes: Attributes
        var act = Act(Self.operation(changes), request.caller)
        do throws(Errno) {
            attributes = try countingNames(&act) { act throws(Errno) in
                let node = try files.node(id)
                let location = try files.location(id, node)
                let status = try location.descriptor.status()
                let place = try place(id, node, location, status)
                try permit(files.policy.decide(changes.size != nil ? .write : .setAttributes, at: place), &act)
                try permitInode(id, node, status, &act)
                try apply(changes, to: location.descriptor, id, node, request.caller)
                return Attributes(try location.descriptor.status())
            }
        } catch {
            tell(act, id, error: error)
            return request.fail(error)
        }
        tell(act, id)
        request.reply(attributes, lifetime: files.attributesLifetime(attributes, files.source.rootMount))
    }

    /// What a change of several attributes is called by.
    private static func operation(_ changes: AttributeChanges) -> AuditOperation {
        if changes.size != nil { return .truncate }
        if changes.owner != nil || changes.group != nil { return .chown }
        return changes.mode != nil ? .chmod : .utimens
    }

    private func apply(
        _ changes: AttributeChanges, to location: borrowing Descriptor, _ id: NodeID, _ node: Node, _ caller: Caller
    ) throws(Errno) {
        if let size = changes.size {
            guard node.isRegular else { throw node.isDirectory ? .isDirectory : .invalidArgument }
            guard let size = Int64(exactly: size) else { throw .fileTooLarge }
            try FileCreator.become(caller)
            try resizing(location) { () throws(Errno) in
                try FileCreator.withPrivileges(if: !changes.killsPrivileges) { () throws(Errno) in
                    try location.reopen([.writeOnly, .nonBlocking, .noControllingTerminal]).truncate(to: size)
                }
            }
        }
        if changes.owner != nil || changes.group != nil {
            try FileCreator.withPrivileges(if: Self.keepsSetgid(caller, try location.status())) { () throws(Errno) in
                try location.setOwner(changes.owner, group: changes.group)
            }
        }
        if let mode = changes.mode {
            // The kernel has taken the setgid bit out where the caller is not in the group.
            try FileCreator.withPrivileges(if: mode & 0o2000 != 0) { () throws(Errno) in try location.setMode(mode & 0o7777) }
        }
        if changes.accessed != nil || changes.modified != nil {
            try location.setTimes(accessed: Self.time(changes.accessed), modified: Self.time(changes.modified))
        }
    }

    private static func time(_ time: AttributeChanges.Time?) -> Descriptor.NewTime {
        switch time {
        case nil: .keep
        case .now: .now
        case .at(let stamp): .at(stamp)
        }
    }

    package func setxattr(
        _ request: consuming EmptyRequest, node id: NodeID, name: borrowing PathBytes, value: UnsafeRawBufferPointer, flags: Int32
    ) {
        var act = Act(.setxattr, request.caller)
        do throws(Errno) {
            let (location, status) = try countingNames(&act) { act throws(Errno) in try attributed(id, &act) }
            let keepsSetgid = Self.keepsSetgid(request.caller, status)
            try resizing(location.descriptor, attribute: name.count + value.count) { () throws(Errno) in
                do throws(Errno) {
                    try FileCreator.withPrivileges(if: keepsSetgid) { () throws(Errno) in
                        try unsafe location.descriptor.setExtendedAttribute(name, value, flags: flags)
                    }
                } catch .fileExists where unsafe wasSet(name, of: location.descriptor, to: value) {}
            }
            // Of a file of root's group, in which this process is, the bit stays.
            if name.equals("system.posix_acl_access"), status.mode & 0o2000 != 0, !keepsSetgid {
                try location.descriptor.setMode(try location.descriptor.status().mode & 0o5777)
            }
        } catch {
            tell(act, id, error: error)
            return request.fail(error)
        }
        tell(act, id)
        request.succeed()
    }

    /// A file whose extended attributes may be changed.
    private func attributed(_ id: NodeID, _ act: inout Act) throws(Errno) -> (location: SharedDescriptor, status: FileStatus) {
        let node = try files.node(id)
        let location = try files.location(id, node)
        let status = try location.descriptor.status()
        try permit(files.policy.decide(.setExtendedAttribute, at: try place(id, node, location, status)), &act)
        try permitInode(id, node, status, &act)
        return (location, status)
    }

    /// Whether a setgid bit outlives an ACL that `caller` sets, and a change of owner where the group may not execute the file: the caller is in the file's group
    /// or is root (`in_group_or_capable` in the kernel, which this process is not by itself).
    private static func keepsSetgid(_ caller: Caller, _ file: FileStatus) -> Bool {
        guard file.mode & 0o2000 != 0 else { return false }
        if caller.uid == 0 || caller.gid == file.group { return true }
        return (try? caller.supplementaryGroups())?.contains(file.group) ?? false
    }

    package func removexattr(_ request: consuming EmptyRequest, node id: NodeID, name: borrowing PathBytes) {
        var act = Act(.removexattr, request.caller)
        do throws(Errno) {
            let location = try countingNames(&act) { act throws(Errno) in try attributed(id, &act) }.location
            try resizing(location.descriptor) { () throws(Errno) in
                do throws(Errno) {
                    try location.descriptor.removeExtendedAttribute(name)
                } catch .noData where CurrentOnce.earlier != nil {}
            }
        } catch {
            tell(act, id, error: error)
            return request.fail(error)
        }
        tell(act, id)
        request.succeed()
    }
}
