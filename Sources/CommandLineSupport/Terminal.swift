internal import CLinux
internal import PlainText

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

    /// Text as bytes, unchanged: for output that programs read. A closed or full output is nobody's to report to.
    package static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe CLinux.write(descriptor, buffer.baseAddress.unsafelyUnwrapped + done, buffer.count - done)
            }
            if written < 0, pinfold_errno() == EINTR { continue }
            guard written > 0 else { return }
            done += written
        }
    }
}
