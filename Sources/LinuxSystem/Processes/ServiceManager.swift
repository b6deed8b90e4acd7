internal import CLinux
internal import SystemPackage

/// The service manager that started this process, where it wants to be told how the process is (`man 3 sd_notify`).
package final class ServiceManager: Sendable {
    package enum State: Hashable, Sendable {
        /// What was started for can be used.
        case ready
        case stopping
        /// The process of that number does from now on what this one was started for.
        case replaced(by: Int32)

        fileprivate var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .replaced(let process): "MAINPID=\(process)"
            }
        }
    }

    private let descriptor: Descriptor?

    /// Takes `NOTIFY_SOCKET` out of the environment, so that no program that this one starts speaks for it. Call it while there is one thread.
    package init() {
        let name = unsafe getenv("NOTIFY_SOCKET").map { unsafe String(cString: $0) }
        unsafe unsetenv("NOTIFY_SOCKET")
        descriptor = name.flatMap { Self.connect($0) }
    }

    /// The one that another process was told of, and has handed on; nil for none.
    package init(adopting descriptor: consuming Descriptor?) { self.descriptor = descriptor }

    /// -1 where there is none.
    package var rawDescriptor: Int32 {
        switch descriptor {
        case .some(let socket): socket.rawValue
        case .none: -1
        }
    }

    /// Says it; nothing where nobody asked. A manager that does not listen is its own misfortune: it will say that the start timed out.
    package func say(_ state: State) {
        switch descriptor {
        // Written and not sent: a daemon that has its list of system calls by now sends nothing. A datagram raises no SIGPIPE.
        case .some(let socket): _ = unsafe write(socket.rawValue, state.text, state.text.utf8.count)
        case .none: break
        }
    }

    /// A path, or a name without a file (`man 7 unix`), which `@` stands for.
    private static func connect(_ name: String) -> Descriptor? {
        var bytes = Array(name.utf8)
        guard bytes.first == UInt8(ascii: "/") || bytes.first == UInt8(ascii: "@"), bytes.count <= 107 else { return nil }
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        guard let raw = try? check({ socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) }) else {
            return nil
        }
        let opened = Descriptor(owning: raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: bytes) }
        // Exactly so long: in a name without a file zeros at the end count.
        let size = MemoryLayout<sa_family_t>.size + bytes.count
        guard (try? check { unsafe pinfold_connect_unix(raw, &address, UInt32(size)) }) != nil else { return nil }
        return opened
    }
}
