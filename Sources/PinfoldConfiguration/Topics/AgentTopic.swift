package import DeployModel

/// Whom the agent runs as, and what it may use.
package struct AgentSettings: Hashable, Sendable, Topic {
    /// As it was given: a name, `uid` or `uid:gid`. `account()` resolves it.
    package var user: String
    package var network: Network
    /// What everything that the agent runs may use of the machine's memory in sum.
    package var memory: MemoryLimit

    static let variables = [
        Variable("AGENT_USER", .user, default: "pinfold-agent", "Whom the agent, its tests and its builds run as"),
        Variable("AGENT_NETWORK", .network, default: "host", "The agent's network: the host's, or none"),
        Variable("AGENT_MEMORY", .memory, default: "50%", "What everything that the agent runs may use of the memory, in sum"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        user = try reader.user("AGENT_USER")
        network = try reader.network("AGENT_NETWORK")
        memory = try reader.memory("AGENT_MEMORY")
    }
}

/// The agent's network.
package enum Network: String, Sendable, Hashable, CaseIterable {
    case host, none
}
