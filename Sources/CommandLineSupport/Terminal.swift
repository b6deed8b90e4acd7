internal import CLinux
internal import LinuxSystem
internal import PlainText
internal import SystemPackage

/// Everything that a command writes goes through here: results to standard output, everything else to standard error.
package enum Terminal {
    /// A result. Its lines are kept; every other control character is escaped.
    package static func say(_ text: String) {
        write(text.plain(lines: true) + "\n", to: STDOUT_FILENO)
    }

    /// A diagnostic of several lines, such as the help after wrong usage.
    package static func explain(_ text: String) {
        write(text.plain(lines: true) + "\n", to: STDERR_FILENO)
    }

    /// An error: exactly one line, whatever the message holds.
    /// - Parameter program: whose it is.
    package static func complain(_ message: String, of program: String = "pinfold") {
        write("\(program): \(message.plain())\n", to: STDERR_FILENO)
    }

    /// Text as bytes, unchanged: for output that programs read.
    package static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8), to: descriptor)
    }

    /// Bytes, unchanged. What cannot be written to standard output is said once, and the command goes on with what it does: it ends
    /// by `exitCode(_:)`. Of standard error nobody could be told.
    package static func write(_ bytes: [UInt8], to descriptor: Int32) {
        guard descriptor != STDOUT_FILENO || takesResults else { return }
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe CLinux.write(descriptor, buffer.baseAddress.unsafelyUnwrapped + done, buffer.count - done)
            }
            guard written < 0 else {
                done += written
                continue
            }
            switch Errno.current {
            case .interrupted: continue
            case .wouldBlock:
                // Somebody made the pipe, or the terminal, non-blocking; it is theirs too, and stays as it is.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&ready, 1, -1)
            case let error:
                if descriptor == STDOUT_FILENO { lose(error) }
                return
            }
        }
    }

    private enum Results: Sendable {
        case taken
        /// By whoever read them, and wants no more.
        case closed
        case lost
    }

    private static let results = Lock(Results.taken)

    /// Whether anybody still gets what is written to standard output: what would go on writing for ever ends where nobody does.
    package static var takesResults: Bool { results.withLock { $0 == .taken } }

    /// What a command ends with that would end with `code`: a result that was lost is not done.
    package static func exitCode(_ code: Int32) -> Int32 {
        code == CommandExit.done.rawValue && results.withLock { $0 == .lost } ? CommandExit.notDone.rawValue : code
    }

    private static func lose(_ error: Errno) {
        results.withLock { $0 = error == .brokenPipe ? .closed : .lost }
        if error != .brokenPipe { complain("the result cannot be written to standard output and is not whole: \(error)") }
    }
}
