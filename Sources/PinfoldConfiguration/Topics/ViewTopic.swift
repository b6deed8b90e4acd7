internal import ZonePolicy

/// What the agent sees, and what it may not touch.
package struct ViewSettings: Hashable, Sendable, Topic {
    /// The tree that the view presents.
    package var source: String
    package var mountpoint: String
    /// Patterns of names that do not exist in the view: absolute, or beginning with `**/` for any depth outside the zones. Those that nobody
    /// can switch off are among them.
    package var hide: [String]
    /// Patterns of names that cannot be touched in zones: absolute, or floating at any depth of code-repo.
    package var protect: [String]
    /// Directories beside the data root's whose files may change without a report.
    package var live: [String]

    static let variables = [
        Variable("AGENT_VIEW_SOURCE", .path, default: "/", "The tree that the view presents"),
        Variable("AGENT_VIEW_MOUNTPOINT", .path, default: "/run/pinfold/view", "Where the view is mounted"),
        Variable(
            "AGENT_VIEW_HIDE", .hidePatterns, default: "default", note: "the list below", "Paths that do not exist in the view"),
        Variable(
            "AGENT_PROTECT", .protectPatterns, default: "default", note: "the list below",
            "Names that cannot be created, changed, removed, renamed or linked inside a zone"),
        Variable(
            "AGENT_VIEW_LIVE", .directories, default: nil, note: "the server's directories in the data root alone",
            "More directories whose files are read anew at each open: what writes there is not reported"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        source = try reader.path("AGENT_VIEW_SOURCE")
        mountpoint = try reader.path("AGENT_VIEW_MOUNTPOINT")
        hide = try reader.patterns("AGENT_VIEW_HIDE", default: DefaultPattern.hide)
        live = try reader.directories("AGENT_VIEW_LIVE")
        protect = try reader.patterns("AGENT_PROTECT", default: DefaultPattern.protect)
    }
}
