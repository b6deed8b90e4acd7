internal import CLinux
package import SystemPackage

/// A Unix socket that keeps packets apart (`man 7 unix`, SOCK_SEQPACKET), used without ever waiting: readiness is for `poll` to tell.
package struct PacketSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor
    /// Valid only while this value lives.
    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// Takes over one that is listening or connected.
    package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    private static func make() throws(Errno) -> Descriptor {
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        return Descriptor(owning: try check { socket(AF_UNIX, kind, 0) })
    }

    /// Connects to the socket at `path`: ENOENT where there is none, ECONNREFUSED where nobody listens any more, EAGAIN where too many wait.
    package init(connectingTo path: String) throws(Errno) {
        let reachable = try UnixSocketPath.reaching(path)
        let opened = try Self.make()
        let raw = opened.rawValue
        var address = Self.address(reachable.name)
        _ = try check { unsafe pinfold_connect_unix(raw, &address, UInt32(MemoryLayout<sockaddr_un>.size)) }
        descriptor = opened
    }

    /// Listens at `path`, where nothing may be, for this process's own user alone: others may not connect. Call it while there is one thread.
    package init(listeningAt path: String, waiting: Int32) throws(Errno) {
        let reachable = try UnixSocketPath.reaching(path)
        let opened = try Self.make()
        let raw = opened.rawValue
        var address = Self.address(reachable.name)
        // The mode is there with the name: no moment in which it is open to others.
        let mask = umask(0o177)
        defer { umask(mask) }
        _ = try check { unsafe pinfold_bind_unix(raw, &address) }
        _ = try check { listen(raw, waiting) }
        descriptor = opened
    }

    private static func address(_ name: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: bytes) }
        return address
    }

    /// The next connection; EAGAIN where there is none.
    package borrowing func accept() throws(Errno) -> PacketSocket {
        let raw = descriptor.rawValue
        return PacketSocket(Descriptor(owning: try check { pinfold_accept_unix(raw) }))
    }

    /// Who is at the other end.
    package var peer: PeerCredentials { get throws(Errno) { try PeerCredentials(of: descriptor.rawValue) } }

    /// Sends one packet. EAGAIN where there is no room for it, EPIPE where the other end is gone.
    package borrowing func send(_ packet: [UInt8]) throws(Errno) {
        let raw = descriptor.rawValue
        _ = try check { unsafe CLinux.send(raw, packet, packet.count, Int32(MSG_NOSIGNAL)) }
    }

    /// The next packet, cut off at `limit` bytes; empty at the end. EAGAIN where there is none.
    package borrowing func receive(atMost limit: Int) throws(Errno) -> [UInt8] {
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
