internal import PlainText

/// A commit's full id: forty lower-case hexadecimal digits. Repositories with SHA-256 ids are refused when they are taken in.
package struct CommitID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let hex: String

    /// nil where `text` is not a full id.
    package init?(_ text: String) {
        guard CommitPrefix.isID(text) else { return nil }
        hex = text
    }

    /// The twelve digits that people read and that names of files carry.
    package var short: String { String(hex.prefix(12)) }
    package var description: String { hex }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = CommitID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a commit id: \(text)")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
