internal import ArgumentParser
internal import CommandLineSupport
internal import PinfoldConfiguration

/// The options by which the commands take the configuration: those of every program, and the gateway's.
struct ConfigurationOptions: ParsableArguments {
    @OptionGroup var shared: SettingsOptions

    @Option(help: ArgumentHelp("AGENT_VIEW_SOURCE: the tree that the view presents.", valueName: "directory"))
    var source: String?

    @Option(
        name: .customLong("mountpoint"),
        help: ArgumentHelp("AGENT_VIEW_MOUNTPOINT: where the view is mounted.", valueName: "directory"))
    var viewMountpoint: String?

    @Option(help: ArgumentHelp("AGENT_USER: the user that the agent runs as.", valueName: "user"))
    var agentUser: String?

    /// What an argument of a command's own says about a variable; it must not be said twice with different words.
    mutating func set(_ variable: String, to value: String, from argument: String) throws(CommandFailure) {
        if variable == "AGENT_VIEW_MOUNTPOINT" {
            guard viewMountpoint == nil || viewMountpoint == value else {
                throw CommandFailure(.usage, "\(argument) and --mountpoint say different things; give one of them")
            }
            viewMountpoint = value
        } else {
            shared.settings.append("\(variable)=\(value)")
        }
    }

    /// The whole configuration, or the failure that names the variable and what it accepts.
    func load() throws(CommandFailure) -> Configuration {
        let overrides = try overrides()
        do throws(ConfigurationError) {
            return try shared.read(overrides)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// What the flags say, by the name of the variable.
    func overrides() throws(CommandFailure) -> [String: String] {
        try shared.overrides([
            ("--source", "AGENT_VIEW_SOURCE", source), ("--mountpoint", "AGENT_VIEW_MOUNTPOINT", viewMountpoint),
            ("--agent-user", "AGENT_USER", agentUser),
        ])
    }
}
