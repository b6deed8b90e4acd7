internal import CLinux
internal import LinuxSystem

/// What `pinfold run` tells the gateway, a packet each: something that the kernel refused in the view, or how many such things it could not tell.
///
/// The sender is root, but the paths are the agent's: the receiver takes nothing that does not have this form.
package enum AuditMessage: Sendable {
    case refused(AuditEvent)
    case dropped(UInt64)

    /// No packet is larger: two paths and a name.
    package static let longest = 32 << 10
    /// A directory's path, of at most 4096 bytes, and a name in it.
    private static let longestPath = 4096 + 256
    /// What a thread's name may take, and more.
    private static let longestCommand = 64
    /// What the kernel answers there: the mount is read-only, the other name is on another mount, or the way is barred by a mode as well.
    private static let errnos = [EROFS, EXDEV, EACCES]

    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .dropped(let count):
            bytes.append(1)
            Self.put(count, to: &bytes)
        case .refused(let event):
            bytes.append(2)
            Self.put(UInt64(bitPattern: event.time.seconds), to: &bytes)
            Self.put(UInt64(event.time.nanoseconds), to: &bytes)
            Self.put(UInt64(UInt32(bitPattern: event.process)), to: &bytes)
            Self.put(UInt64(event.user), to: &bytes)
            Self.put(UInt64(UInt32(bitPattern: event.errno)), to: &bytes)
            for text in [Array(event.operation.rawValue.utf8), event.command, event.path, event.second ?? []] {
                Self.put(UInt64(text.count), to: &bytes)
                bytes += text
            }
        }
        return bytes
    }

    /// nil where the packet has another form, or says what no refusal in the view can be.
    package init?(_ packet: [UInt8]) {
        var rest = packet[...]
        guard packet.count <= Self.longest, let kind = rest.popFirst() else { return nil }
        if kind == 1 {
            guard let count = Self.number(&rest), rest.isEmpty, count > 0, count < 1 << 48 else { return nil }
            self = .dropped(count)
            return
        }
        guard kind == 2, let seconds = Self.number(&rest), let nanoseconds = Self.number(&rest), nanoseconds < 1_000_000_000,
            let process = Self.number(&rest).flatMap({ Int32(exactly: $0) }),
            let user = Self.number(&rest).flatMap({ UInt32(exactly: $0) }),
            let errno = Self.number(&rest).flatMap({ Int32(exactly: $0) }), Self.errnos.contains(errno),
            let name = Self.text(&rest, atMost: 16), let command = Self.text(&rest, atMost: Self.longestCommand),
            let path = Self.text(&rest, atMost: Self.longestPath), let second = Self.text(&rest, atMost: Self.longestPath),
            rest.isEmpty, path.first == UInt8(ascii: "/"), second.isEmpty || second.first == UInt8(ascii: "/"),
            let operation = AuditOperation(rawValue: String(decoding: name, as: UTF8.self)), !operation.isOfTheRecord,
            let time = Int64(exactly: seconds)
        else { return nil }
        var event = AuditEvent.inView(operation, time: Timestamp(seconds: time, nanoseconds: UInt32(nanoseconds)))
        event.process = process
        event.user = user
        event.errno = errno
        event.command = command
        event.path = path
        event.second = second.isEmpty ? nil : second
        self = .refused(event)
    }

    private static func put(_ number: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        guard rest.count >= 8 else { return nil }
        let value = rest.prefix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        rest.removeFirst(8)
        return value
    }

    private static func text(_ rest: inout ArraySlice<UInt8>, atMost limit: Int) -> [UInt8]? {
        guard let count = number(&rest), count <= limit, count <= rest.count else { return nil }
        let value = Array(rest.prefix(Int(count)))
        rest.removeFirst(Int(count))
        return value.contains(0) ? nil : value
    }
}
