internal import CLinux
package import SystemPackage

/// A connected stream socket of the Unix domain, used by blocking calls that give up after a while.
package struct UnixStream: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Connects to the socket at `path`.
    ///
    /// ENOENT where there is none, ECONNREFUSED where nobody listens any more, EACCES where this user may not,
    /// EAGAIN where the listener took nobody in for `patience` seconds.
    package init(connectingTo path: String, patience: Int) throws(Errno) {
        let reachable = try UnixSocketPath.reaching(path)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let opened = Descriptor(owning: try check { socket(AF_UNIX, kind, 0) })
        let raw = opened.rawValue
        try Self.limit(raw, patience)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(reachable.name.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: bytes) }
        _ = try check { unsafe pinfold_connect_unix(raw, &address, UInt32(MemoryLayout<sockaddr_un>.size)) }
        descriptor = opened
    }

    /// How many seconds each of the calls below may take without a byte moved.
    private static func limit(_ raw: Int32, _ seconds: Int) throws(Errno) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = try check { unsafe setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &time, size) }
        _ = try check { unsafe setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &time, size) }
    }

    /// Who is at the other end.
    package var peer: PeerCredentials { get throws(Errno) { try PeerCredentials(of: descriptor.rawValue) } }

    /// Sends everything. EPIPE where the other end is gone, EAGAIN where it took nothing in time.
    package borrowing func send(_ bytes: [UInt8]) throws(Errno) {
        let raw = descriptor.rawValue
        var sent = 0
        while sent < bytes.count {
            sent += try check {
                unsafe bytes[sent...].withUnsafeBytes { rest in
                    unsafe CLinux.send(raw, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                }
            }
        }
    }

    /// At most `limit` further bytes; none at the end. EAGAIN where nothing came in time.
    package borrowing func receive(_ limit: Int = 65_536) throws(Errno) -> [UInt8] {
        let raw = descriptor.rawValue
        var code: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            do throws(Errno) {
                count = try check { unsafe recv(raw, buffer.baseAddress, buffer.count, 0) }
            } catch {
                code = error
            }
        }
        if let code { throw code }
        return bytes
    }
}
