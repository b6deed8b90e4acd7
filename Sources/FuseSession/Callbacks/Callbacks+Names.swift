internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension Callbacks {
    static func addNames(to operations: inout fuse_lowlevel_ops) {
        unsafe operations.lookup = { request, parent, name in
            if parent == NodeID.kernelRoot.rawValue { return unsafe KernelRoot.lookup(request, name) }
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.lookup(EntryRequest(origin: origin), parent: parent, name: unsafe Callbacks.name(name))
            }
        }
        unsafe operations.forget = { request, node, lookups in
            let state = unsafe SessionState.of(fuse_req_userdata(request))
            if node > NodeID.root.rawValue { state.fileSystem.forget(NodeID(rawValue: UInt64(node)), lookups: lookups) }
            unsafe fuse_reply_none(request)
        }
        unsafe operations.forget_multi = { request, count, forgets in
            let state = unsafe SessionState.of(fuse_req_userdata(request))
            for index in 0..<count {
                guard let forget = unsafe forgets?[index], forget.ino > NodeID.root.rawValue else { continue }
                state.fileSystem.forget(NodeID(rawValue: forget.ino), lookups: forget.nlookup)
            }
            unsafe fuse_reply_none(request)
        }
        unsafe operations.mknod = { request, parent, name, mode, device in
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.mknod(
                    EntryRequest(origin: origin), parent: parent, name: unsafe Callbacks.name(name), mode: UInt32(mode),
                    device: UInt32(truncatingIfNeeded: device))
            }
        }
        unsafe operations.mkdir = { request, parent, name, mode in
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.mkdir(
                    EntryRequest(origin: origin), parent: parent, name: unsafe Callbacks.name(name), mode: UInt32(mode))
            }
        }
        unsafe operations.unlink = { request, parent, name in
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.unlink(EmptyRequest(origin: origin), parent: parent, name: unsafe Callbacks.name(name))
            }
        }
        unsafe operations.rmdir = { request, parent, name in
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.rmdir(EmptyRequest(origin: origin), parent: parent, name: unsafe Callbacks.name(name))
            }
        }
        unsafe operations.symlink = { request, target, parent, name in
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.symlink(
                    EntryRequest(origin: origin), parent: parent, name: unsafe Callbacks.name(name),
                    target: unsafe Callbacks.name(target))
            }
        }
        unsafe operations.rename = { request, parent, name, newParent, newName, flags in
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.rename(
                    EmptyRequest(origin: origin), parent: parent, name: unsafe Callbacks.name(name),
                    newParent: NodeID(rawValue: UInt64(newParent)), newName: unsafe Callbacks.name(newName),
                    flags: RenameFlags(rawValue: flags))
            }
        }
        unsafe operations.link = { request, node, newParent, newName in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.link(
                    EntryRequest(origin: origin), node: node, newParent: NodeID(rawValue: UInt64(newParent)),
                    newName: unsafe Callbacks.name(newName))
            }
        }
        unsafe operations.readlink = { request, node in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.readlink(LinkTextRequest(origin: origin), node: node)
            }
        }
    }
}
