internal import DeployModel

extension HealthSettings: Topic {
    static let variables = [
        Variable("AGENT_DEPLOY_HEALTH_COMMAND", .command, default: nil, "Exits 0 if the server is healthy"),
        Variable("AGENT_DEPLOY_HEALTH_URL", .webAddress, default: nil, "Answers 200 to 399 if the server is healthy"),
        Variable(
            "AGENT_DEPLOY_HEALTH_TIMEOUT", .number(1...86_400), default: "10",
            "Seconds that a server may take for its first good answer, and later be without one before it counts as ill"),
        Variable(
            "AGENT_DEPLOY_HEALTH_SOAK", .number(0...86_400), default: "2",
            "Seconds that it has to stay good before the deployment has succeeded"),
        Variable(
            "AGENT_DEPLOY_HEALTH_WATCH", .illness, default: "tell",
            "What becomes of a server that falls ill afterwards: it is told of, or the last good version comes back, or nobody looks"
        ),
        Variable(
            "AGENT_DEPLOY_HEALTH_INTERVAL", .number(1...86_400), default: "10",
            "Seconds between two looks at the health of a server that runs"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        command = try reader.command("AGENT_DEPLOY_HEALTH_COMMAND")
        url = try reader.webAddress("AGENT_DEPLOY_HEALTH_URL")
        patience = try reader.number("AGENT_DEPLOY_HEALTH_TIMEOUT") * 1000
        soak = try reader.number("AGENT_DEPLOY_HEALTH_SOAK") * 1000
        illness = try reader.illness("AGENT_DEPLOY_HEALTH_WATCH")
        interval = try reader.number("AGENT_DEPLOY_HEALTH_INTERVAL") * 1000
    }
}
