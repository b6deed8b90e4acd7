/// What a commit says about itself. All of it is the author's claim: whoever prints it escapes it (`printable`).
package struct CommitSummary: Hashable, Sendable {
    package let id: ObjectID
    package let tree: ObjectID
    package let parents: [ObjectID]
    package let authorName: String
    package let authorEmail: String
    /// Seconds since 1970, UTC.
    package let authoredAt: Int64
    package let committerName: String
    package let committerEmail: String
    package let committedAt: Int64
    package let message: String

    /// The first line of the message.
    package var subject: String {
        String(message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: true).first ?? "")
    }
}
