internal import DeployModel

/// What belongs together of the configuration: its variables, and how they are read. A new variable is one more in such a file, and a property of the
/// value that the file fills.
protocol Topic {
    static var variables: [Variable] { get }

    /// Reads every one of them.
    init(_ reader: inout ValueReader) throws(ConfigurationError)
}

extension Variable {
    /// Every variable there is, in the order in which documents show them.
    package static let all: [Variable] =
        DataTopic.variables + ZoneSettings.variables + ViewSettings.variables + AgentSettings.variables
        + CommitSettings.variables + TestSettings.variables + JudgeSettings.variables + VersionSettings.variables
        + BuildSettings.variables + ClientSettings.variables + ReloadSettings.variables + HealthSettings.variables
        + PushSettings.variables
}
