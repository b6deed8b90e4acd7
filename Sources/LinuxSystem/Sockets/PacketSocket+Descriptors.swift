internal import CLinux
package import SystemPackage

// What hands descriptors on (`man 7 unix`, SCM_RIGHTS). By `sendmsg` and `recvmsg` alone, also where there are none: one call each that a filter has to allow.
extension PacketSocket {
    /// Descriptors that go with one packet at most.
    package static let mostDescriptors = Int(PINFOLD_MOST_DESCRIPTORS)

    /// Sends one packet with descriptors of this process, which keeps them. EAGAIN where there is no room for it, EPIPE where the other end is gone.
    package borrowing func send(_ packet: [UInt8], descriptors: [Int32]) throws(Errno) {
        let raw = rawDescriptor
        _ = try check { unsafe pinfold_send_descriptors(raw, packet, packet.count, descriptors, UInt32(descriptors.count)) }
    }

    /// The next packet, empty at the end, and the numbers of the descriptors that came with it, close-on-exec and the caller's. EAGAIN where there is none, EMSGSIZE
    /// where it has more than `limit` bytes.
    package borrowing func receiveWithDescriptors(atMost limit: Int) throws(Errno) -> (packet: [UInt8], descriptors: [Int32]) {
        let raw = rawDescriptor
        var bytes = [UInt8](repeating: 0, count: limit)
        var numbers = [Int32](repeating: -1, count: Self.mostDescriptors)
        var count: UInt32 = 0
        let size = try check { unsafe pinfold_receive_descriptors(raw, &bytes, limit, &numbers, &count) }
        return (Array(bytes[..<size]), Array(numbers[..<Int(count)]))
    }

    /// The process at the other end, as it was when the connection was made: ESRCH where that is gone.
    package borrowing func peerProcess() throws(Errno) -> Descriptor {
        let raw = rawDescriptor
        return Descriptor(owning: try check { pinfold_peer_process(raw) })
    }
}
