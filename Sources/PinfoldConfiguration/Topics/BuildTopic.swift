internal import DeployModel

extension BuildSettings: Topic {
    static let variables = [
        Variable("AGENT_DEPLOY_BUILD_COMMAND", .command, default: nil, "Builds the client before the switch")
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        command = try reader.command("AGENT_DEPLOY_BUILD_COMMAND")
    }
}
