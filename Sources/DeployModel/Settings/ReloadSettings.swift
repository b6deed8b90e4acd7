/// How the server is made to take the new version.
package struct ReloadSettings: Hashable, Sendable {
    /// For `sh -c`.
    package var command: String?

    package init() {}
}
