package import SystemPackage

/// A question for a symbolic link's text.
@safe package struct LinkTextRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    /// The text without a NUL, in full length.
    package consuming func reply(_ text: UnsafeRawBufferPointer) {
        _ = unsafe origin.succeed(text)
        discard self
    }

    package consuming func reply(_ text: [UInt8]) {
        let origin = origin
        _ = unsafe text.withUnsafeBytes { unsafe origin.succeed($0) }
        discard self
    }
}
