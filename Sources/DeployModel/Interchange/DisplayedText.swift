extension String {
    /// Fit for a terminal: control characters, and those that reorder or hide text, are shown as escapes. What the agent wrote (paths,
    /// commit messages, test output) goes through this before a person sees it.
    /// - Parameter lines: whether line ends and tabs stay as they are.
    package func displayed(lines: Bool = false) -> String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if lines, scalar == "\n" || scalar == "\t" {
                result.append(scalar)
            } else if scalar.isUnsafeToDisplay {
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}

extension Unicode.Scalar {
    fileprivate var isUnsafeToDisplay: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
        default: false
        }
    }
}
