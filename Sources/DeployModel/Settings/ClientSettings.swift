/// What the admin decided about the client.
package struct ClientSettings: Hashable, Sendable {
    /// Where its sources are.
    package enum Source: Hashable, Sendable {
        /// `client`, where that has a `package.json`.
        case found
        /// From the tree's top, `.` for the top itself; it has to be there.
        case directory(String)
        /// Nothing is published.
        case none
    }

    package var source = Source.found
    /// nil: found by kind of project.
    package var buildCommand: String?
    /// From the source.
    package var output = "dist"
    /// Where it is served from; nil for `client` in the deployments directory.
    package var publicDirectory: String?
    /// How long the files of a version that is not published any more stay, in milliseconds.
    package var keep: Int64 = 72 * 3_600_000
    /// Where browsers find its index, for the check.
    package var url: String?
    /// Where packages come from; nil for npm's own.
    package var registry: String?

    package init() {}
}
