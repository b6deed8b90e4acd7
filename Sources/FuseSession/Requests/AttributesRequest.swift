internal import CFuse3
package import SystemPackage

/// A question for attributes, or a change of them: answered by the attributes as they are now.
@safe package struct AttributesRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    package consuming func reply(_ attributes: Attributes, lifetime: Lifetime) {
        var out = fuse_attr_out()
        out.attr_valid = lifetime.seconds
        out.attr_valid_nsec = lifetime.nanoseconds
        out.attr = attributes.raw
        _ = origin.succeed(with: out)
        discard self
    }
}
