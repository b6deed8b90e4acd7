internal import CLinux
package import FuseSession
package import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

// What is done through an open file. That it may be written was asked when it was opened for writing: the kernel sends these for such opens alone. Reads and writes
// come only for files that have no backing file.
//
// What changes data is done as the caller: whether he is in the file's group says whether its setgid bit goes where the group may not execute it.
extension ZonePlane {
    package func read(_ request: consuming DataRequest, node id: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {
        let file: SharedDescriptor
        do throws(Errno) {
            let node = try files.node(id)
            guard node.isRegular else { throw .invalidArgument }
            file = try files.reading(id, node)
        } catch { return request.fail(error) }
        request.reply(from: file.descriptor, offset: offset)
    }

    package func write(_ request: consuming WriteRequest, node id: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {
        let count: Int
        do throws(Errno) {
            let node = try files.node(id)
            try permit(files.policy.decide(.write, at: node.place))
            let open = try openFile(id)
            let file = try writer(open, id, node, appending: flags.contains(.append))
            try FileCreator.become(request.caller)
            count = try FileCreator.withPrivileges(if: !request.killsPrivileges) { () throws(Errno) in
                guard let usage else { return try unsafe file.descriptor.writeWhole(request.bytes, at: offset) }
                return try unsafe usage.write(
                    request.bytes, at: offset, to: file.descriptor, open.inode, whole: request.isWriteback)
            }
        } catch { return request.fail(error) }
        request.reply(count)
    }

    package func copyRange(
        _ request: consuming CountRequest, from node: NodeID, handle: Handle, offset: Int64, to target: NodeID,
        targetHandle: Handle,
        targetOffset: Int64, length: Int
    ) {
        let count: Int
        do throws(Errno) {
            let source = try files.node(node)
            let destination = try files.node(target)
            try permit(files.policy.decide(.write, at: destination.place))
            guard source.isRegular, destination.isRegular else { throw .invalidArgument }
            let from = try files.reading(node, source)
            let open = try openFile(target)
            let to = try writer(open, target, destination)
            try FileCreator.become(request.caller)
            // The kernel does not say of this, nor of the next, whether the caller's changes clear bits.
            count = try FileCreator.withPrivileges(if: request.caller.uid == 0) { () throws(Errno) in
                guard let usage else {
                    return try from.descriptor.copyRange(from: offset, to: to.descriptor, targetOffset, length: length)
                }
                return try usage.copy(
                    from: from.descriptor, offset, to: to.descriptor, targetOffset, open.inode, length: length)
            }
        } catch { return request.fail(error) }
        request.reply(count)
    }

    package func fallocate(
        _ request: consuming EmptyRequest, node id: NodeID, handle: Handle, mode: Int32, offset: Int64, length: Int64
    ) {
        do throws(Errno) {
            let node = try files.node(id)
            try permit(files.policy.decide(.write, at: node.place))
            let open = try openFile(id)
            let file = try writer(open, id, node)
            try FileCreator.become(request.caller)
            try FileCreator.withPrivileges(if: request.caller.uid == 0) { () throws(Errno) in
                guard let usage else { return try file.descriptor.allocate(mode: mode, offset: offset, length: length) }
                try usage.allocate(mode: mode, offset: offset, length: length, file.descriptor, open.inode)
            }
        } catch { return request.fail(error) }
        request.succeed()
    }

    package func seek(_ request: consuming OffsetRequest, node id: NodeID, handle: Handle, offset: Int64, whence: Int32) {
        let result: Int64
        do throws(Errno) {
            let node = try files.node(id)
            guard node.isRegular else { throw .invalidArgument }
            result = try files.reading(id, node).descriptor.seek(to: offset, whence: whence)
        } catch { return request.fail(error) }
        request.reply(result)
    }

    package func flush(_ request: consuming EmptyRequest, node: NodeID, handle: Handle) { request.succeed() }

    package func fsync(_ request: consuming EmptyRequest, node id: NodeID, handle: Handle, dataOnly: Bool) {
        synchronize(request, id, dataOnly: dataOnly)
    }

    package func fsyncdir(_ request: consuming EmptyRequest, node id: NodeID, handle: Handle, dataOnly: Bool) {
        synchronize(request, id, dataOnly: dataOnly)
    }

    private func synchronize(_ request: consuming EmptyRequest, _ id: NodeID, dataOnly: Bool) {
        do throws(Errno) {
            let node = try files.node(id)
            guard node.isRegular || node.isDirectory else { throw .invalidArgument }
            try files.reading(id, node).descriptor.synchronize(dataOnly: dataOnly)
        } catch { return request.fail(error) }
        request.succeed()
    }
}
