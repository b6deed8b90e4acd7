internal import CFuse3
internal import CLinux
internal import LinuxSystem

extension Callbacks {
    static func addDirectories(to operations: inout fuse_lowlevel_ops) {
        unsafe operations.opendir = { request, node, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.opendir(
                    OpenRequest(origin: origin, killsPrivileges: false), node: node, flags: unsafe Callbacks.flags(info))
            }
        }
        unsafe operations.readdir = { request, node, size, offset, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.readdir(
                    DirectoryRequest(origin: origin, size: size), node: node, handle: unsafe Callbacks.handle(info),
                    offset: Int64(offset))
            }
        }
        unsafe operations.readdirplus = { request, node, size, offset, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.readdirplus(
                    DirectoryRequest(origin: origin, size: size), node: node, handle: unsafe Callbacks.handle(info),
                    offset: Int64(offset))
            }
        }
        unsafe operations.fsyncdir = { request, node, dataOnly, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.fsyncdir(
                    EmptyRequest(origin: origin), node: node, handle: unsafe Callbacks.handle(info), dataOnly: dataOnly != 0)
            }
        }
        unsafe operations.releasedir = { request, node, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.releasedir(EmptyRequest(origin: origin), node: node, handle: unsafe Callbacks.handle(info))
            }
        }
    }
}
