internal import CLinux
package import SystemPackage

/// A POSIX lock on a range of a file (`man 2 fcntl`, `struct flock`).
package struct RangeLock: Hashable, Sendable {
    package enum Kind: Int32, Sendable {
        case read = 0
        case write = 1
        case none = 2
    }

    package var kind: Kind
    /// The first byte and the last one; no last one: to the end, however far that moves.
    package var start: Int64
    package var end: Int64?
    /// Who has it; 0 where that is not known.
    package var process: Int32

    package init(_ kind: Kind, start: Int64 = 0, end: Int64? = nil, process: Int32 = 0) {
        self.kind = kind
        self.start = start
        self.end = end
        self.process = process
    }

    fileprivate var kernel: flock {
        var lock = flock()
        lock.l_type = Int16(kind.rawValue)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = off_t(start)
        lock.l_len = end.map { off_t($0 - start + 1) } ?? 0
        return lock
    }
}

extension Descriptor {
    /// A lock that anybody has on the file and that stands in the way of `lock` (F_OFD_GETLK); of kind `.none` where none does.
    package func lock(against lock: RangeLock) throws(Errno) -> RangeLock {
        var wanted = lock.kernel
        let raw = rawValue
        _ = try check { unsafe pinfold_ofd_getlk(raw, &wanted) }
        return RangeLock(
            RangeLock.Kind(rawValue: Int32(wanted.l_type)) ?? .none, start: Int64(wanted.l_start),
            end: wanted.l_len == 0 ? nil : Int64(wanted.l_start + wanted.l_len - 1), process: max(wanted.l_pid, 0))
    }

    /// Takes `lock` for this opening of the file, and whoever shares it: it is held until the last of them is gone (F_OFD_SETLK). EAGAIN where another opening has
    /// one in its way.
    package func take(_ lock: RangeLock) throws(Errno) {
        var wanted = lock.kernel
        let raw = rawValue
        _ = try check { unsafe pinfold_ofd_setlk(raw, &wanted) }
    }

    /// Whether anybody has the file open for writing, a writable shared map and a loop device included: there is no lease for
    /// reading to be had then (`man 2 fcntl`, F_SETLEASE; CAP_LEASE). This descriptor must be open for reading alone.
    ///
    /// The lease is given back at once. Who opens the file for writing in between waits for that, some microseconds, or gets
    /// EWOULDBLOCK with O_NONBLOCK; this process gets SIGIO, which must not end it.
    ///
    /// - Throws: EINVAL or EOPNOTSUPP where the file system has no leases.
    package func isOpenForWriting() throws(Errno) -> Bool {
        let raw = rawValue
        do throws(Errno) {
            _ = try check { pinfold_fcntl(raw, F_SETLEASE, Int64(F_RDLCK)) }
        } catch .resourceTemporarilyUnavailable {
            return true
        }
        // EAGAIN where another thread, with the same open file, has given it back already.
        _ = pinfold_fcntl(raw, F_SETLEASE, Int64(F_UNLCK))
        return false
    }
}
