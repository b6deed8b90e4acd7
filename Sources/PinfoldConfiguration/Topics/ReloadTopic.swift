internal import DeployModel

extension ReloadSettings: Topic {
    static let variables = [
        Variable("AGENT_DEPLOY_RELOAD_COMMAND", .command, default: nil, "Makes the server take the new version"),
        Variable(
            "AGENT_DEPLOY_RELOAD_SOCKET", .optionalPath, default: nil,
            "The directory in which the server's processes listen, to take a new version in as they run; they are asked before the command is"
        ),
        Variable(
            "AGENT_DEPLOY_RELOAD_DRAIN", .number(0...3600), default: "5",
            "Seconds that requests under way may take before such a reload is given up"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        command = try reader.command("AGENT_DEPLOY_RELOAD_COMMAND")
        socket = try reader.optionalPath("AGENT_DEPLOY_RELOAD_SOCKET")
        drain = try reader.number("AGENT_DEPLOY_RELOAD_DRAIN")
    }
}
