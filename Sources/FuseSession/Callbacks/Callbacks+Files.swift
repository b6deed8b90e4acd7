internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension Callbacks {
    static func addFiles(to operations: inout fuse_lowlevel_ops) {
        unsafe operations.create = { request, parent, name, mode, info in
            unsafe Callbacks.serve(request, parent) { fileSystem, origin, parent in
                fileSystem.create(
                    CreateRequest(origin: origin), parent: parent,
                    name: unsafe Callbacks.name(name),
                    mode: UInt32(mode), flags: unsafe Callbacks.flags(info))
            }
        }
        unsafe operations.open = { request, node, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                let kills = CurrentInput.body(fuse_open_in.self).map { $0.open_flags & UInt32(FUSE_OPEN_KILL_SUIDGID) != 0 }
                fileSystem.open(
                    OpenRequest(origin: origin, killsPrivileges: kills ?? true), node: node, flags: unsafe Callbacks.flags(info))
            }
        }
        unsafe operations.read = { request, node, size, offset, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.read(
                    DataRequest(origin: origin, size: size), node: node, handle: unsafe Callbacks.handle(info),
                    offset: Int64(offset),
                    flags: unsafe Callbacks.flags(info))
            }
        }
        unsafe operations.write = { request, node, bytes, size, offset, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                let flags = CurrentInput.body(fuse_write_in.self)?.write_flags
                func has(_ flag: Int32) -> Bool { flags.map { $0 & UInt32(flag) != 0 } ?? true }
                let write = unsafe WriteRequest(
                    origin: origin, bytes: UnsafeRawBufferPointer(start: bytes, count: size),
                    killsPrivileges: has(FUSE_WRITE_KILL_SUIDGID), isWriteback: has(FUSE_WRITE_CACHE))
                fileSystem.write(
                    write, node: node, handle: unsafe Callbacks.handle(info), offset: Int64(offset),
                    flags: unsafe Callbacks.flags(info))
            }
        }
        unsafe operations.copy_file_range = { request, node, offset, info, target, targetOffset, targetInfo, length, _ in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.copyRange(
                    CountRequest(origin: origin), from: node, handle: unsafe Callbacks.handle(info), offset: Int64(offset),
                    to: NodeID(rawValue: UInt64(target)), targetHandle: unsafe Callbacks.handle(targetInfo),
                    targetOffset: Int64(targetOffset), length: length)
            }
        }
        unsafe operations.fallocate = { request, node, mode, offset, length, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.fallocate(
                    EmptyRequest(origin: origin), node: node, handle: unsafe Callbacks.handle(info), mode: mode,
                    offset: Int64(offset),
                    length: Int64(length))
            }
        }
        unsafe operations.lseek = { request, node, offset, whence, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.seek(
                    OffsetRequest(origin: origin), node: node, handle: unsafe Callbacks.handle(info), offset: Int64(offset),
                    whence: whence)
            }
        }
        unsafe operations.flush = { request, node, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.flush(EmptyRequest(origin: origin), node: node, handle: unsafe Callbacks.handle(info))
            }
        }
        unsafe operations.fsync = { request, node, dataOnly, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.fsync(
                    EmptyRequest(origin: origin), node: node, handle: unsafe Callbacks.handle(info), dataOnly: dataOnly != 0)
            }
        }
        unsafe operations.setlk = { request, node, _, lock, waits in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                guard let lock = unsafe RangeLock(lock?.pointee) else { return origin.fail(.invalidArgument) }
                fileSystem.setLock(EmptyRequest(origin: origin), node: node, lock, waits: waits != 0)
            }
        }
        unsafe operations.getlk = { request, node, _, lock in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                guard let lock = unsafe RangeLock(lock?.pointee) else { return origin.fail(.invalidArgument) }
                fileSystem.testLock(LockRequest(origin: origin), node: node, lock)
            }
        }
        unsafe operations.release = { request, node, info in
            unsafe Callbacks.serve(request, node) { fileSystem, origin, node in
                fileSystem.release(
                    EmptyRequest(origin: origin), node: node, handle: unsafe Callbacks.handle(info),
                    flags: unsafe Callbacks.flags(info))
            }
        }
    }
}

extension RangeLock {
    /// A lock as libfuse gives it: from a start, for a length; nil for what is none.
    fileprivate init?(_ lock: flock?) {
        guard let lock, let kind = Kind(rawValue: Int32(lock.l_type)), lock.l_start >= 0, lock.l_len >= 0 else { return nil }
        self.init(
            kind, start: Int64(lock.l_start),
            end: lock.l_len == 0 ? nil : Int64(lock.l_start + min(lock.l_len - 1, .max - lock.l_start)),
            process: lock.l_pid)
    }
}
