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
                let node = try tree.node(id)
                try permit(tree.policy.decide(changes.size != nil ? .write : .setAttributes, at: node.place), &act)
                let place = try tree.place(id, node)
                try permitInode(id, node, try place.descriptor.status(), &act)
                try apply(changes, to: place.descriptor, id, node)
                return Attributes(try place.descriptor.status())
            }
        } catch {
            tell(act, id, error: error)
            return request.fail(error)
        }
        tell(act, id)
        request.reply(attributes, lifetime: tree.lifetime(tree.source.rootMount))
    }

    /// What a change of several attributes is called by.
    private static func operation(_ changes: AttributeChanges) -> AuditOperation {
        if changes.size != nil { return .truncate }
        if changes.owner != nil || changes.group != nil { return .chown }
        return changes.mode != nil ? .chmod : .utimens
    }

    private func apply(_ changes: AttributeChanges, to place: borrowing Descriptor, _ id: NodeID, _ node: Node) throws(Errno) {
        if let size = changes.size {
            guard node.isRegular else { throw node.isDirectory ? .isDirectory : .invalidArgument }
            guard let size = Int64(exactly: size) else { throw .fileTooLarge }
            try resizing(place) { () throws(Errno) in
                try FileCreator.withPrivileges(if: !changes.killsPrivileges) { () throws(Errno) in
                    try place.reopen([.writeOnly, .nonBlocking, .noControllingTerminal]).truncate(to: size)
                }
            }
        }
        if changes.owner != nil || changes.group != nil { try place.setOwner(changes.owner, group: changes.group) }
        if let mode = changes.mode {
            // The kernel has taken the setgid bit out where the caller is not in the group.
            try FileCreator.withPrivileges(if: mode & 0o2000 != 0) { () throws(Errno) in try place.setMode(mode & 0o7777) }
        }
        if changes.accessed != nil || changes.modified != nil {
            try place.setTimes(accessed: Self.time(changes.accessed), modified: Self.time(changes.modified))
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
            let (place, status) = try countingNames(&act) { act throws(Errno) in try attributed(id, &act) }
            try resizing(place.descriptor, attribute: name.count + value.count) { () throws(Errno) in
                try unsafe place.descriptor.setExtendedAttribute(name, value, flags: flags)
            }
            if name.equals("system.posix_acl_access") { try dropSetgid(place.descriptor, status, request.caller) }
        } catch {
            tell(act, id, error: error)
            return request.fail(error)
        }
        tell(act, id)
        request.succeed()
    }

    /// A file whose extended attributes may be changed.
    private func attributed(_ id: NodeID, _ act: inout Act) throws(Errno) -> (place: SharedDescriptor, status: FileStatus) {
        let node = try tree.node(id)
        try permit(tree.policy.decide(.setExtendedAttribute, at: node.place), &act)
        let place = try tree.place(id, node)
        let status = try place.descriptor.status()
        try permitInode(id, node, status, &act)
        return (place, status)
    }

    /// An ACL set by somebody outside the file's group takes its setgid bit, as chmod does (`posix_acl_update_mode` in the kernel), which this process, being root,
    /// is not subject to.
    private func dropSetgid(_ place: borrowing Descriptor, _ before: FileStatus, _ caller: Caller) throws(Errno) {
        guard before.mode & 0o2000 != 0, caller.uid != 0, caller.gid != before.group else { return }
        if let groups = try? caller.supplementaryGroups(), groups.contains(before.group) { return }
        try place.setMode(try place.status().mode & 0o5777)
    }

    package func removexattr(_ request: consuming EmptyRequest, node id: NodeID, name: borrowing PathBytes) {
        var act = Act(.removexattr, request.caller)
        do throws(Errno) {
            let place = try countingNames(&act) { act throws(Errno) in try attributed(id, &act) }.place
            try resizing(place.descriptor) { () throws(Errno) in try place.descriptor.removeExtendedAttribute(name) }
        } catch {
            tell(act, id, error: error)
            return request.fail(error)
        }
        tell(act, id)
        request.succeed()
    }
}
