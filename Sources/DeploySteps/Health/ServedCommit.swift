package import DeployModel
internal import PlainText

/// Which commit a server says that it serves: its id, or at least the first seven digits of it.
package struct ServedCommit: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// What a health command printed in a line `commit: …`, the last one that it printed; nil where it said nothing about it.
    package static func named(in output: String) -> String? {
        let line = output.split(whereSeparator: \.isNewline).last { $0.hasPrefix("commit:") }
        return line.map { $0.dropFirst("commit:".count).filter { !$0.isWhitespace } }
    }

    /// Why this is not what was deployed; nil where it is.
    package func objection(to deployed: CommitID, says who: String) -> String? {
        if let prefix = CommitPrefix(text), prefix.names(deployed.hex) { return nil }
        return "\(who) says that the server serves commit \(String(text.prefix(64)).plain()), not \(deployed.short)"
    }
}
