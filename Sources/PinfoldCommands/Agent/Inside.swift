internal import ArgumentParser
internal import CommandLineSupport
internal import DataRoot
internal import LinuxSystem
internal import PinfoldConfiguration

/// Whether this runs in `pinfold run`, and what is different then.
enum Inside {
    /// By the kernel's word: a plane of the gateway's is the root directory.
    static let isHere = (try? MountTable.read())?.entry(at: "/")?.isPinfold ?? false

    /// What the agent has a use for. Everything else is the admin's: it needs root, or a socket that does not exist in here.
    static let commands: [any ParsableCommand.Type] = [
        DeployCommand.self,
        StatusCommand.self,
        HistoryCommand.self,
        ShowCommand.self,
        LogsCommand.self,
        DiffCommand.self,
        WhyCommand.self,
        DoctorCommand.self,
        McpCommand.self,
    ]

    /// Why a word of the command line is none of these; nil outside, and where it is one.
    static func objection(to word: String?, known: [String]) -> CommandFailure? {
        guard isHere, let word, known.contains(word), word != "help" else { return nil }
        let own = commands.compactMap { $0.configuration.commandName }
        guard !own.contains(word) else { return nil }
        return CommandFailure(
            .notDone,
            "'\(word)' is the admin's and cannot be done in the agent's view; in here there are \(own.joined(separator: ", "))")
    }
}

extension DaemonConnection {
    /// Inside, where the variables that `pinfold run` sets say where the data is.
    init(inside options: ConfigurationOptions) throws(CommandFailure) {
        self.init(agentAt: DataRoot(try options.path("AGENT_DATA_ROOT", of: .deployDaemon) { $0.data.path }))
    }
}
