internal import CFuse3
package import SystemPackage

/// A question for an extended attribute's value or for the list of their names.
@safe package struct ExtendedAttributeRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }
    /// The room that the caller has for the answer; 0 asks for the size alone.
    package let size: Int

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    /// Replies the value, or its size where that was asked for; ERANGE where the caller has too little room.
    package consuming func reply(_ value: UnsafeRawBufferPointer) {
        unsafe Self.reply(value, origin, size)
        discard self
    }

    package consuming func reply(_ value: [UInt8]) {
        let (origin, size) = (origin, size)
        unsafe value.withUnsafeBytes { unsafe Self.reply($0, origin, size) }
        discard self
    }

    private static func reply(_ value: UnsafeRawBufferPointer, _ origin: Origin, _ size: Int) {
        if size == 0 {
            _ = origin.succeed(with: fuse_getxattr_out(size: UInt32(clamping: value.count), padding: 0))
        } else if value.count > size {
            origin.fail(.outOfRange)
        } else {
            _ = unsafe origin.succeed(value)
        }
    }

    /// Replies the size, where that alone was asked for: `size` is 0.
    package consuming func reply(size count: Int) {
        _ = origin.succeed(with: fuse_getxattr_out(size: UInt32(clamping: count), padding: 0))
        discard self
    }
}
