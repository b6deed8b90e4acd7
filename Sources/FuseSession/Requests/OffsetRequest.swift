package import SystemPackage

/// A search for data or a hole: answered by an offset.
@safe package struct OffsetRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    package consuming func reply(_ offset: Int64) {
        _ = origin.succeed(with: UInt64(bitPattern: offset))
        discard self
    }
}
