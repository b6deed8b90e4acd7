internal import CFuse3
package import SystemPackage

/// A copy between two open files: answered by how many bytes were copied.
@safe package struct CountRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

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
