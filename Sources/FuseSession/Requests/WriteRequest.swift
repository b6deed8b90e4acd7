internal import CFuse3
package import SystemPackage

/// A write of file data: answered by how many bytes were written.
@safe package struct WriteRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }
    /// The data, until this request is answered.
    package let bytes: UnsafeRawBufferPointer
    /// Whether setuid and setgid bits go with this write (FUSE_WRITE_KILL_SUIDGID).
    package let killsPrivileges: Bool
    /// Whether the kernel writes back pages that somebody changed in a map of the file (FUSE_WRITE_CACHE): nobody waits for the count, so what is not
    /// written is lost.
    package let isWriteback: Bool

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    package consuming func reply(_ count: Int) {
        _ = origin.succeed(with: fuse_write_out(size: UInt32(clamping: count), padding: 0))
        discard self
    }
}
