internal import CFuse3
package import LinuxSystem
package import SystemPackage

/// A question for a lock that stands in the way of another.
@safe package struct LockRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    /// Replies the lock that was found; `.none` where nothing stands in the way.
    package consuming func reply(_ lock: RangeLock) {
        var out = fuse_lk_out()
        out.lk.start = UInt64(lock.start)
        out.lk.end = lock.end.map(UInt64.init) ?? UInt64(Int64.max)
        out.lk.type = UInt32(lock.kind.rawValue)
        out.lk.pid = UInt32(bitPattern: lock.process)
        _ = origin.succeed(with: out)
        discard self
    }
}
