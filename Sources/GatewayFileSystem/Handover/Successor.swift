internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A process of another program's that wants a keeper's place, as the keeper sees it. It is root's, as the socket's mode and the kernel say.
final class Successor {
    let conversation: Conversation
    let pid: Int32
    private let process: Descriptor
    /// Whether it has asked for everything.
    var wantsAll = false
    /// Whether it has been given everything: nobody serves until it is ready.
    var hasAll = false
    /// When it has to have said something.
    var deadline: UInt64

    /// Nanoseconds that it may take to look at what runs, and to make what it needs.
    static let longPatience: UInt64 = 60_000_000_000
    /// And from when it has everything to when it is ready: whoever uses the view waits for that. As long as a server of this program's may take.
    static let patience = Keeper.patience

    /// Somebody who has connected.
    /// - Throws: EACCES for another user's.
    init(_ socket: consuming PacketSocket) throws(Errno) {
        let peer = try socket.peer
        // A process that this one cannot see has the number 0: nobody could be told of it.
        guard peer.userID == 0, peer.processID > 0 else { throw .permissionDenied }
        pid = peer.processID
        process = try socket.peerProcess()
        conversation = Conversation(socket)
        deadline = SystemClock.monotonic + Self.longPatience
    }

    var rawDescriptors: [Int32] { [conversation.rawDescriptor, process.rawValue] }

    /// Sends everything, a packet after the other.
    func give(_ entries: [Inheritance.Entry]) throws(Errno) {
        let deadline = SystemClock.monotonic + Self.patience
        for start in stride(from: 0, to: entries.count, by: PacketSocket.mostDescriptors) {
            let some = Array(entries[start..<min(start + PacketSocket.mostDescriptors, entries.count)])
            try conversation.say(.parts(some), some.map(\.number), until: deadline)
        }
        try conversation.say(.complete, until: deadline)
    }

    /// Ends it, with its server, and waits until nothing of the two has anything of the view's: the files that count what zones hold are locked.
    func end(_ reason: String) {
        try? conversation.say(.no(reason))
        _ = pinfold_pidfd_send_signal(process.rawValue, SIGKILL)
        conversation.waitForEnd(until: SystemClock.monotonic + 20_000_000_000)
    }
}
