internal import CFuse3
internal import CLinux
internal import LinuxSystem

/// libfuse's table of operations: each callback wraps what it is given and passes it on. No logic, but for the kernel's root node,
/// which is the session's own.
///
/// The closures are made in nonisolated functions of this module: one made in a main file checks for the main thread when libfuse
/// calls it, and traps.
enum Callbacks {
    static func operations() -> fuse_lowlevel_ops {
        var operations = fuse_lowlevel_ops()
        addConnection(to: &operations)
        addNames(to: &operations)
        addAttributes(to: &operations)
        addFiles(to: &operations)
        addDirectories(to: &operations)
        return operations
    }

    /// Passes a request about `node` on; those about the kernel's root are refused, since nothing reaches that but the lookup of
    /// its one child.
    @inline(__always)
    static func serve(_ request: fuse_req_t?, _ node: fuse_ino_t, _ body: (any FileSystem, Origin, NodeID) -> Void) {
        // libfuse gives each callback its request.
        let request = unsafe request.unsafelyUnwrapped
        let state = unsafe SessionState.of(fuse_req_userdata(request))
        guard node != NodeID.kernelRoot.rawValue else {
            _ = unsafe fuse_reply_err(request, EPERM)
            return
        }
        body(state.fileSystem, unsafe Origin(request), NodeID(rawValue: UInt64(node)))
    }

    /// A name that libfuse gives, which lives as long as the callback.
    static func name(_ pointer: UnsafePointer<CChar>?) -> PathBytes {
        unsafe PathBytes(borrowing: pointer.unsafelyUnwrapped)
    }

    static func handle(_ info: UnsafeMutablePointer<fuse_file_info>?) -> Handle {
        unsafe Handle(rawValue: info?.pointee.fh ?? 0)
    }

    static func flags(_ info: UnsafeMutablePointer<fuse_file_info>?) -> OpenFlags {
        unsafe OpenFlags(rawValue: info?.pointee.flags ?? 0)
    }
}
