internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The socket at which a keeper is asked for its view: root's alone, in a directory that is root's alone, so that the agent does not see it in a view either.
final class Entrance {
    private let listener: PacketSocket
    private let path: String

    /// - Parameter path: whoever calls this has the mountpoint's lock, so that a socket that is there is a dead daemon's.
    init(_ path: String) throws(Errno) {
        unsafe mkdir(MountRuntime.entrances, 0o700)
        Self.remove(path)
        listener = try PacketSocket(listeningAt: path, waiting: 16)
        self.path = path
    }

    /// The one that another program's keeper listened at.
    init(adopting listener: consuming Descriptor, _ path: String) {
        self.listener = PacketSocket(listener)
        self.path = path
    }

    var rawDescriptor: Int32 { listener.rawDescriptor }

    /// The next one who has come; EAGAIN where there is none.
    func accept() throws(Errno) -> PacketSocket { try listener.accept() }

    /// The view has ended.
    func remove() { Self.remove(path) }

    static func remove(_ path: String) { unsafe unlinkat(pinfold_AT_FDCWD, path, 0) }
}
