/// A commit as people name it: its id, or at least the first seven digits of it, in either case.
package struct CommitPrefix: Hashable, Sendable, CustomStringConvertible {
    /// How many digits of an id are enough to name it.
    package static let shortest = 7
    /// How many an id has.
    package static let whole = 40

    /// Lower case.
    package let digits: String

    /// nil where `text` is none.
    package init?(_ text: some StringProtocol) {
        guard (Self.shortest...Self.whole).contains(text.utf8.count), Hexadecimal.holds(text.utf8) else { return nil }
        digits = text.lowercased()
    }

    package var description: String { digits }

    /// Whether the commit with this id, of forty lower-case digits, may be meant.
    package func names(_ id: String) -> Bool { id.utf8.starts(with: digits.utf8) }

    /// Whether `text` is a whole id as git writes it: forty lower-case digits.
    package static func isID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == whole && Hexadecimal.holds(text.utf8, lowerCase: true)
    }
}
