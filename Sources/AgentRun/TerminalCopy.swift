internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A terminal of the command's own in the place of one of the caller's. What is written to it is copied there, and nothing comes
/// the other way: nothing that is typed, no setting (`man 3 termios`), no signal.
///
/// Not a pipe: by a terminal programs choose whether to write in colours, and whether a line waits for more.
struct TerminalCopy: Sendable {
    /// The caller's.
    let number: Int32
    private let own: SharedDescriptor
    private let copying: Pending<Void>

    /// - Parameter number: the caller's terminal.
    /// - Returns: also what the command gets. The copying ends when nobody has that open any more.
    static func start(to number: Int32) throws(Errno) -> (copy: TerminalCopy, end: SharedDescriptor) {
        let own = SharedDescriptor(Descriptor(owning: try check { posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) }))
        let raw = own.descriptor.rawValue
        _ = try check { unlockpt(raw) }
        let end = SharedDescriptor(Descriptor(owning: try check { pinfold_terminal_peer(raw) }))
        let terminal = end.descriptor.rawValue
        // Bytes come as they were written: the caller's terminal does with them what it does with all.
        var settings = termios()
        _ = try check { unsafe tcgetattr(terminal, &settings) }
        unsafe cfmakeraw(&settings)
        _ = try check { unsafe tcsetattr(terminal, TCSANOW, &settings) }
        let copying = try Pending("output") { copyAll(of: own, to: number) }
        let copy = TerminalCopy(number: number, own: own, copying: copying)
        copy.followSize()
        return (copy, end)
    }

    /// Takes over how large the caller's window is.
    func followSize() {
        var size = winsize()
        guard unsafe pinfold_ioctl(number, UInt(TIOCGWINSZ), &size) == 0 else { return }
        _ = unsafe pinfold_ioctl(own.descriptor.rawValue, UInt(TIOCSWINSZ), &size)
    }

    /// Waits until all is copied that was written.
    func finish() { copying.value }

    private static func copyAll(of own: SharedDescriptor, to number: Int32) {
        let raw = own.descriptor.rawValue
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        var isThere = true
        // EIO when nobody has the other end any more, and nothing is left.
        while let count = try? check({ unsafe read(raw, &buffer, buffer.count) }), count > 0 {
            // Read on where the caller's terminal is gone: who writes to it does not wait.
            isThere = isThere && write(buffer[..<count], to: number)
        }
    }

    /// False where the terminal takes nothing any more.
    private static func write(_ bytes: ArraySlice<UInt8>, to number: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            do throws(Errno) {
                let count = try check { unsafe rest.withUnsafeBytes { unsafe CLinux.write(number, $0.baseAddress, $0.count) } }
                rest = rest.dropFirst(count)
            } catch {
                // Somebody else's setting of the same open file (O_NONBLOCK).
                guard error == .resourceTemporarilyUnavailable else { return false }
                var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&entry, 1, -1)
            }
        }
        return true
    }
}
