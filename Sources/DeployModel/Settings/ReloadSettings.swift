/// How the server is made to run a new version.
package struct ReloadSettings: Hashable, Sendable {
    /// For `sh -c`.
    package var command: String?
    /// An absolute path: the directory with the sockets of the server's processes.
    package var socket: String?
    /// Seconds that requests under way may take before a reload is given up.
    package var drain = 5

    package init() {}

    /// Whether anything says how.
    package var isConfigured: Bool { command != nil || socket != nil }
}
