internal import CLinux

/// Everything that the command writes goes through here: results to standard output, everything else to standard error.
enum Terminal {
    /// A result. Its lines are kept; every other control character is escaped.
    static func say(_ text: String) {
        write(escaped(text, keepingLines: true) + "\n", to: STDOUT_FILENO)
    }

    /// A diagnostic of several lines, such as the help after wrong usage.
    static func explain(_ text: String) {
        write(escaped(text, keepingLines: true) + "\n", to: STDERR_FILENO)
    }

    /// An error: exactly one line, whatever the message holds.
    static func complain(_ message: String) {
        write("pinfold: \(escaped(message))\n", to: STDERR_FILENO)
    }

    /// The text with control characters written as `\n`, `\t` or `\u{1b}`: file names, commit messages and test output are the
    /// agent's, and a terminal obeys what is in them. The invisible marks that reorder or hide text count as control characters.
    static func escaped(_ text: String, keepingLines: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: isUnprintable) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where keepingLines, "\t" where keepingLines: result.unicodeScalars.append(scalar)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isUnprintable(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: true
        default: false
        }
    }

    /// Text as bytes, unchanged: for output that programs read. A closed or full output is nobody's to report to.
    static func write(_ text: String, to descriptor: Int32) {
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
