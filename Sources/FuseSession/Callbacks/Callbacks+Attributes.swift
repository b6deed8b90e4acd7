internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension Callbacks {
    static func addAttributes(to operations: inout fuse_lowlevel_ops) {
        unsafe operations.getattr = { request, node, info in
            if node == NodeID.kernelRoot.rawValue { return unsafe KernelRoot.getattr(request) }
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.getattr(
                    AttributesRequest(origin: origin), node: node, handle: unsafe info == nil ? nil : Callbacks.handle(info))
            }
        }
        unsafe operations.setattr = { request, node, _, _, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                guard let input = CurrentInput.body(fuse_setattr_in.self) else { return origin.fail(.ioError) }
                fileSystem.setattr(
                    AttributesRequest(origin: origin), node: node, changes: AttributeChanges(input))
            }
        }
        unsafe operations.statfs = { request, node in
            // The kernel asks about its own root where the whole file system is meant.
            let node = max(node, fuse_ino_t(NodeID.root.rawValue))
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.statfs(StatisticsRequest(origin: origin), node: node)
            }
        }
        unsafe operations.setxattr = { request, node, name, value, size, flags in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                unsafe fileSystem.setxattr(
                    EmptyRequest(origin: origin), node: node, name: Callbacks.name(name),
                    value: UnsafeRawBufferPointer(start: value, count: size), flags: flags)
            }
        }
        unsafe operations.getxattr = { request, node, name, size in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.getxattr(
                    ExtendedAttributeRequest(origin: origin, size: size), node: node, name: unsafe Callbacks.name(name))
            }
        }
        unsafe operations.listxattr = { request, node, size in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.listxattr(ExtendedAttributeRequest(origin: origin, size: size), node: node)
            }
        }
        unsafe operations.removexattr = { request, node, name in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.removexattr(EmptyRequest(origin: origin), node: node, name: unsafe Callbacks.name(name))
            }
        }
    }
}

extension AttributeChanges {
    init(_ input: fuse_setattr_in) {
        func has(_ bit: Int32) -> Bool { input.valid & UInt32(bit) != 0 }
        func time(_ bit: Int32, _ now: Int32, _ seconds: UInt64, _ nanoseconds: UInt32) -> Time? {
            guard has(bit) else { return nil }
            return has(now) ? .now : .at(Timestamp(seconds: Int64(bitPattern: seconds), nanoseconds: nanoseconds))
        }
        mode = has(FATTR_MODE) ? input.mode & 0o7777 : nil
        owner = has(FATTR_UID) ? input.uid : nil
        group = has(FATTR_GID) ? input.gid : nil
        size = has(FATTR_SIZE) ? input.size : nil
        accessed = time(FATTR_ATIME, FATTR_ATIME_NOW, input.atime, input.atimensec)
        modified = time(FATTR_MTIME, FATTR_MTIME_NOW, input.mtime, input.mtimensec)
        handle = has(FATTR_FH) ? Handle(rawValue: input.fh) : nil
        killsPrivileges = has(FATTR_KILL_SUIDGID)
    }
}
