internal import DeployModel

extension BuildSettings: Topic {
    static let variables = [
        Variable(
            "AGENT_DEPLOY_BUILD_COMMAND", .command, default: nil,
            "Run by `sh -c` in the commit before the switch; what it adds becomes part of the release")
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        command = try reader.command("AGENT_DEPLOY_BUILD_COMMAND")
    }
}
