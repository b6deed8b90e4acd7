/// What somebody else wrote, fit to be seen: names, commit messages, output and errors are the agent's, and a terminal obeys what is in them.
///
/// One set of characters is meant wherever text is shown, in whatever form it is written there.
extension Unicode.Scalar {
    /// Whether it shows what it is: no control character, none that turns the direction of text, joins, hides or is hidden, no line's end that is not
    /// `\n`, and nothing that has no meaning (yet).
    package var isPlain: Bool {
        if value < 0x7f { return value >= 0x20 }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: return false
        // Fillers and selectors are letters and marks that no font draws: whole texts have been hidden in them.
        default: return !properties.isDefaultIgnorableCodePoint
        }
    }

    /// How one that is not plain is written: `\u{1b}`.
    package var escape: String { "\\u{\(String(value, radix: 16))}" }
}

extension StringProtocol {
    /// The text with everything that is not plain as an escape: `\n`, `\r`, `\t`, else `\u{1b}`. Applying it twice changes nothing more.
    /// - Parameter lines: whether line ends and tabs stay as they are.
    package func plain(lines: Bool = false) -> String {
        guard unicodeScalars.contains(where: { !$0.isPlain }) else { return String(self) }
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n" where lines, "\t" where lines: result.unicodeScalars.append(scalar)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.isPlain: result.unicodeScalars.append(scalar)
            default: result += scalar.escape
            }
        }
        return result
    }
}
