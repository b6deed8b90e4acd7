internal import PlainText

/// A configuration that cannot be used: which variable, what it says, what would have been accepted. The exit code for it is 2.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The variable, or nil if the error is about the file or about several of them.
    package let variable: String?
    /// Its value as it was given.
    package let value: String?
    /// What is wrong with it.
    package let reason: String
    /// What would have been accepted.
    package let accepted: String?
    /// Whether there is no configuration to be wrong: the file that was named cannot be read.
    package let isUnreadableFile: Bool

    package init(variable: String?, value: String? = nil, reason: String, accepted: String? = nil) {
        self.variable = variable
        self.value = value
        self.reason = reason
        self.accepted = accepted
        isUnreadableFile = false
    }

    init(unreadableFile reason: String, accepted: String) {
        variable = nil
        value = nil
        self.reason = reason
        self.accepted = accepted
        isUnreadableFile = true
    }

    /// One line; control characters of a value are escaped.
    package var description: String {
        var text = ""
        if let variable {
            text += variable.plain()
            if let value { text += "=" + value.quoted }
            text += ": "
        }
        text += reason
        if let accepted { text += "; accepted: \(accepted)" }
        return text
    }
}

extension String {
    /// In quotes, fit for a terminal.
    var quoted: String { "“" + plain() + "”" }
}
