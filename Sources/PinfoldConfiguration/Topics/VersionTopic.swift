internal import DataRoot
internal import DeployModel

extension VersionSettings: Topic {
    static let variables = [
        Variable(
            "AGENT_DEPLOY_TARGET", .path, default: DataRoot("${AGENT_DATA_ROOT}").current, "What the running server runs from"),
        Variable("AGENT_DEPLOY_KEEP", .number(1...10_000), default: "10", "How many backups and releases to keep"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init(target: try reader.path("AGENT_DEPLOY_TARGET"))
        keep = try reader.number("AGENT_DEPLOY_KEEP")
    }
}
