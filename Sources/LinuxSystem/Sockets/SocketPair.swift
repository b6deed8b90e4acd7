internal import CLinux
package import SystemPackage

/// Two Unix sockets that are connected to each other (`man 2 socketpair`), close-on-exec.
package struct SocketPair: ~Copyable, Sendable {
    package let one: Descriptor
    package let other: Descriptor

    /// - Parameter keepsPackets: what is sent at once is received at once (SOCK_SEQPACKET); else they are streams.
    package init(keepsPackets: Bool = false) throws(Errno) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(keepsPackets ? SOCK_SEQPACKET.rawValue : SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        _ = try check { unsafe socketpair(AF_UNIX, kind, 0, &ends) }
        one = Descriptor(owning: ends[0])
        other = Descriptor(owning: ends[1])
    }

    /// Closes the other end.
    package consuming func keepOne() -> Descriptor { one }
}
