/// What is made of a commit before it is switched to.
package struct BuildSettings: Hashable, Sendable {
    /// For `sh -c`.
    package var command: String?

    package init() {}
}
