internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Two Unix sockets that are connected to each other (`man 2 socketpair`), close-on-exec.
struct SocketPair: ~Copyable {
    let one: Descriptor
    let other: Descriptor

    init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        _ = try check { unsafe socketpair(AF_UNIX, kind, 0, &ends) }
        one = Descriptor(owning: ends[0])
        other = Descriptor(owning: ends[1])
    }

    /// Closes the other end.
    consuming func keepOne() -> Descriptor { one }
}
