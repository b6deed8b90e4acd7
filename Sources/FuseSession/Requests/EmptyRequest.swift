package import SystemPackage

/// An operation whose answer is that it is done.
@safe package struct EmptyRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    package consuming func succeed() {
        origin.succeedEmpty()
        discard self
    }
}
