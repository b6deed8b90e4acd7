internal import DeployModel

extension ReloadSettings: Topic {
    static let variables = [
        Variable("AGENT_DEPLOY_RELOAD_COMMAND", .command, default: nil, "Makes the server take the new version")
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        command = try reader.command("AGENT_DEPLOY_RELOAD_COMMAND")
    }
}
