/// How the server's health is told, and what becomes of one that falls ill.
package struct HealthSettings: Hashable, Sendable {
    /// For `sh -c`.
    package var command: String?
    package var url: String?
    /// How long the first good answer may take, and how long a server may be without one afterwards, in milliseconds.
    package var patience = 10_000
    /// How long health has to last before the deployment has succeeded, in milliseconds.
    package var soak = 2000
    /// Between two looks afterwards, in milliseconds.
    package var interval = 10_000
    package var illness = Illness.tell

    package init() {}

    /// Whether there is anything by which health can be told.
    package var hasCheck: Bool { command != nil || url != nil }
}

/// What becomes of a server that falls ill after its deployment succeeded.
package enum Illness: String, CaseIterable, Hashable, Sendable {
    /// The status and the log say so.
    case tell
    /// The last good version before it comes back, once.
    case rollback
    /// Nobody looks.
    case ignore
}
