internal import CFuse3
package import LinuxSystem
package import SystemPackage

/// A read of file data.
@safe package struct DataRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }
    /// How many bytes are wanted; fewer mean the end of the file.
    package let size: Int

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    package consuming func reply(_ bytes: UnsafeRawBufferPointer) {
        _ = unsafe origin.succeed(bytes)
        discard self
    }

    package consuming func reply(_ bytes: [UInt8]) {
        let origin = origin
        _ = unsafe bytes.withUnsafeBytes { unsafe origin.succeed($0) }
        discard self
    }

    /// Replies `size` bytes of `file` from `offset`: moved by splice where that was negotiated and is worth it, else read. A
    /// failing read is its errno.
    package consuming func reply(from file: borrowing Descriptor, offset: Int64) {
        var vector = fuse_bufvec()
        vector.count = 1
        unsafe vector.buf.size = size
        unsafe vector.buf.flags = fuse_buf_flags(FUSE_BUF_IS_FD.rawValue | FUSE_BUF_FD_SEEK.rawValue | FUSE_BUF_FD_RETRY.rawValue)
        unsafe vector.buf.fd = file.rawValue
        unsafe vector.buf.pos = off_t(offset)
        unsafe origin.succeed(splicing: &vector)
        discard self
    }
}
