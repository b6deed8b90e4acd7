internal import AuditLog
package import FuseSession
package import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

extension ZonePlane {
    package func unlink(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes) {
        var act = Act(.unlink, request.caller)
        do throws(Errno) {
            try arrangement.shared { () throws(Errno) in
                let directory = try files.directory(parent)
                try permit(files.policy.decide(.unlink, unsafe name.bytes.span, in: directory.place), &act)
                try removingName(name, in: directory) { () throws(Errno) in
                    do throws(Errno) {
                        try directory.descriptor.descriptor.unlink(name)
                    } catch .noSuchFileOrDirectory where CurrentOnce.earlier != nil {}
                }
                if !files.links.isEmpty { files.links.forget(name: unsafe Links.key(directory.node.handle, name.bytes)) }
            }
        } catch {
            tell(act, parent, name, error: error)
            return request.fail(error)
        }
        tell(act, parent, name)
        request.succeed()
    }

    package func rmdir(_ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes) {
        var act = Act(.rmdir, request.caller)
        do throws(Errno) {
            try arrangement.shared { () throws(Errno) in
                let directory = try files.directory(parent)
                try permit(files.policy.decide(.removeDirectory, unsafe name.bytes.span, in: directory.place), &act)
                try removingName(name, in: directory) { () throws(Errno) in
                    do throws(Errno) {
                        try directory.descriptor.descriptor.removeDirectory(name)
                    } catch .noSuchFileOrDirectory where CurrentOnce.earlier != nil {}
                }
            }
        } catch {
            tell(act, parent, name, error: error)
            return request.fail(error)
        }
        tell(act, parent, name)
        request.succeed()
    }
}
