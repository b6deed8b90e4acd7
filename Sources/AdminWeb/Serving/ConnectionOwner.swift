internal import LinuxSystem
internal import PlainText

/// Whose process is at the other end of a loopback connection, as the kernel says.
///
/// It knows only sockets of this network namespace, which are those that can reach it.
package enum ConnectionOwner {
    /// The user of the process at `client`, where that is connected to `server`, at which this process listens; nil where nobody can be told:
    /// then nobody is let in.
    package static func uid(client: LoopbackEnd, server: LoopbackEnd) -> UInt32? {
        if let socket = SocketDiagnosis.socket(from: client, to: server) { return socket.holder }
        // A socket that is not there is answered as what the kernel cannot do at all. The listener surely is: whoever closes at once does
        // not have the table read.
        guard SocketDiagnosis.socket(from: server, to: client) == nil else { return nil }
        return inTables(client: client, server: server)
    }

    /// By the table of all sockets (`man 5 proc`, /proc/net/tcp), where it cannot be asked for one.
    private static func inTables(client: LoopbackEnd, server: LoopbackEnd) -> UInt32? {
        // The kernel hands the table out in pieces between which it changes.
        for _ in 0..<3 {
            for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
                guard let bytes = try? readWholeFile(table) else { continue }
                if let uid = uid(client: client, server: server, in: String(decoding: bytes, as: UTF8.self)) { return uid }
            }
        }
        return nil
    }

    static func uid(client: LoopbackEnd, server: LoopbackEnd, in table: String) -> UInt32? {
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 9, client.written.contains(String(fields[1])), server.written.contains(String(fields[2])) else {
                continue
            }
            // A socket that its process has closed has no inode and is shown as root's, whoever's it was; only one that is held says whose it is.
            guard fields[9] != "0", fields[3] == "01", let uid = UInt32(fields[7]) else { return nil }
            return uid
        }
        return nil
    }
}

/// An address of this machine's own: 127.0.0.1 or ::1, and a port.
package struct LoopbackEnd: Hashable, Sendable {
    /// As the tables write it; an address of the older kind stands in both, depending on how its socket was made.
    let written: [String]
    /// The address as a packet has it.
    let bytes: [UInt8]
    package let port: Int

    package init?(address: String, port: Int) {
        guard (1...65_535).contains(port) else { return nil }
        self.port = port
        let suffix = ":" + Hexadecimal.text([UInt8(port >> 8), UInt8(port & 0xff)]).uppercased()
        switch address {
        case "127.0.0.1":
            written = ["0100007F" + suffix, "0000000000000000FFFF00000100007F" + suffix]
            bytes = [127, 0, 0, 1]
        case "::1":
            written = ["00000000000000000000000001000000" + suffix]
            bytes = [UInt8](repeating: 0, count: 15) + [1]
        default: return nil
        }
    }
}
