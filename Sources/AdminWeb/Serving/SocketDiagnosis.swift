internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Asks the kernel about one socket, however many there are (`man 7 sock_diag`).
enum SocketDiagnosis {
    struct Socket: Equatable {
        var state: UInt8
        var uid: UInt32
        var inode: UInt32

        /// Whose it is. A socket that its process has closed has no inode, and is shown as root's, whoever's it was; only one that is held and
        /// connected says whose it is.
        var holder: UInt32? { state == SocketDiagnosis.established && inode != 0 ? uid : nil }
    }

    /// The socket that is at `end`, connected to `other`, or else that listens at `end`; nil where there is none, or the kernel does not say.
    static func socket(from end: LoopbackEnd, to other: LoopbackEnd) -> Socket? {
        guard end.bytes.count == other.bytes.count else { return nil }
        let question = question(about: end, other)
        do throws(Errno) {
            let line = Descriptor(
                owning: try check { CLinux.socket(family, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), diagnosis) })
            let raw = line.rawValue
            _ = try check { unsafe send(raw, question, question.count, 0) }
            var answer = [UInt8](repeating: 0, count: 512)
            // It is there when the question has been sent.
            let count = try check { unsafe recv(raw, &answer, answer.count, Int32(MSG_DONTWAIT)) }
            return socket(in: Array(answer[..<count]))
        } catch {
            return nil
        }
    }

    /// `struct nlmsghdr` and `struct inet_diag_req_v2`.
    private static func question(about end: LoopbackEnd, _ other: LoopbackEnd) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ number: some FixedWidthInteger) { unsafe withUnsafeBytes(of: number) { unsafe bytes.append(contentsOf: $0) } }
        let length: UInt32 = 72
        add(length)
        add(byFamily)
        // NLM_F_REQUEST, a number of it, and nobody's address.
        add(UInt16(1))
        add(UInt32(1))
        add(UInt32(0))
        add(UInt8(end.bytes.count == 4 ? AF_INET : AF_INET6))
        add(UInt8(IPPROTO_TCP))
        add(UInt16(0))
        // In every state.
        add(UInt32.max)
        add(UInt16(truncatingIfNeeded: end.port).bigEndian)
        add(UInt16(truncatingIfNeeded: other.port).bigEndian)
        for address in [end.bytes, other.bytes] { bytes += address + [UInt8](repeating: 0, count: 16 - address.count) }
        // On any interface, and by no cookie.
        add(UInt32(0))
        add(UInt64.max)
        return bytes
    }

    /// `struct nlmsghdr` and `struct inet_diag_msg`.
    static func socket(in answer: [UInt8]) -> Socket? {
        func number<Number: FixedWidthInteger>(at index: Int, as type: Number.Type) -> Number {
            unsafe answer.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: index, as: type) }
        }
        guard answer.count >= 88, number(at: 4, as: UInt16.self) == byFamily else { return nil }
        return Socket(
            state: answer[17], uid: number(at: 80, as: UInt32.self), inode: number(at: 84, as: UInt32.self))
    }

    /// AF_NETLINK, NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, TCP_ESTABLISHED.
    static let family: Int32 = 16
    static let diagnosis: Int32 = 4
    private static let byFamily: UInt16 = 20
    private static let established: UInt8 = 1
}
