internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// One end of the exchange between a keeper and the process that takes its place.
struct Conversation: ~Copyable {
    private var socket: PacketSocket
    var rawDescriptor: Int32 { socket.rawDescriptor }

    init(_ socket: consuming PacketSocket) { self.socket = socket }

    /// Has it under a number from `lowest` on.
    mutating func move(from lowest: Int32) throws(Errno) {
        let raw = socket.rawDescriptor
        socket = PacketSocket(Descriptor(owning: try check { pinfold_fcntl(raw, F_DUPFD_CLOEXEC, Int64(lowest)) }))
    }

    /// Says it, at once or until `deadline` on the monotonic clock. ETIMEDOUT where the other end takes nothing in.
    borrowing func say(_ message: HandoverMessage, _ descriptors: [Int32] = [], until deadline: UInt64 = 0) throws(Errno) {
        let packet = message.packet
        while true {
            do throws(Errno) {
                return try socket.send(packet, descriptors: descriptors)
            } catch {
                guard error == .wouldBlock || error == .resourceTemporarilyUnavailable else { throw error }
                try wait(for: Int16(POLLOUT), until: deadline)
            }
        }
    }

    /// The next message; nil at the end. EPROTO for what is none, ETIMEDOUT where none comes until `deadline`; without one EAGAIN where there is none now.
    borrowing func hear(until deadline: UInt64? = nil) throws(Errno) -> (message: HandoverMessage, descriptors: [Int32])? {
        if let deadline { try wait(for: Int16(POLLIN), until: deadline) }
        let (packet, descriptors) = try socket.receiveWithDescriptors(atMost: HandoverMessage.longest)
        if packet.isEmpty { return nil }
        guard let message = HandoverMessage(packet) else {
            for number in descriptors { close(number) }
            throw .protocolError
        }
        return (message, descriptors)
    }

    /// Waits until nobody has the other end open.
    borrowing func waitForEnd(until deadline: UInt64) { try? wait(for: 0, until: deadline) }

    private borrowing func wait(for events: Int16, until deadline: UInt64) throws(Errno) {
        var entry = pollfd(fd: socket.rawDescriptor, events: events, revents: 0)
        let now = SystemClock.monotonic
        let rest = deadline > now ? Int32(clamping: (deadline - now) / 1_000_000 + 1) : 0
        guard try check({ unsafe poll(&entry, 1, rest) }) == 1 else { throw .timedOut }
    }
}
