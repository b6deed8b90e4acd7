internal import CLinux
package import SystemPackage

/// Who made a connection, as the kernel noted it when they connected (`man 7 unix`, SO_PEERCRED).
package struct PeerCredentials: Hashable, Sendable {
    package var processID: Int32
    package var userID: UInt32
    package var groupID: UInt32

    package init(processID: Int32, userID: UInt32, groupID: UInt32) {
        self.processID = processID
        self.userID = userID
        self.groupID = groupID
    }

    /// Asks the kernel about the other end of `socket`, a connected Unix socket.
    package init(of socket: Int32) throws(Errno) {
        var peer = ucred()
        var size = socklen_t(MemoryLayout<ucred>.size)
        _ = try check { unsafe getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) }
        guard size == MemoryLayout<ucred>.size else { throw .invalidArgument }
        self.init(processID: peer.pid, userID: peer.uid, groupID: peer.gid)
    }
}
