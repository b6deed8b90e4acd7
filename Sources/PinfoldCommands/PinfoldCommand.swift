internal import ArgumentParser
internal import CommandLineSupport

/// `pinfold` itself: what it can do, in the order in which somebody new meets it.
struct PinfoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pinfold",
        abstract: "Let an agent rewrite its own source and have it deployed, without being able to harm the machine.",
        discussion: """
            Exit codes: 0 done; 1 the thing asked for did not happen; 2 wrong usage or configuration; 3 waiting for a human; \
            4 the daemon or the mount cannot be reached. Results go to standard output, everything else to standard error.
            """,
        version: pinfoldVersion,
        groupedSubcommands: Inside.isHere
            ? [CommandGroup(name: "In the agent's view", subcommands: Inside.commands)]
            : [
                CommandGroup(name: "Gateway", subcommands: gatewayCommands),
                CommandGroup(name: "Deployment", subcommands: [DeploydCommand.self] + deployCommands),
            ])

    /// What may stand first on the command line.
    static let commandNames =
        ([DeploydCommand.self] + gatewayCommands + deployCommands).compactMap { $0.configuration.commandName } + ["help"]

    mutating func run() throws {
        // No command at all is wrong usage: the help is the explanation, not the result.
        Terminal.explain(PinfoldCommand.helpMessage())
        throw ExitCode(CommandExit.usage.rawValue)
    }
}

let pinfoldVersion = "0.1.0"

/// The gateway's commands; those of the deploy half are listed in `Deploy/DeployCommands.swift`.
private let gatewayCommands: [any ParsableCommand.Type] = [
    InitCommand.self,
    MountCommand.self,
    UmountCommand.self,
    RunCommand.self,
    WhyCommand.self,
    AuditCommand.self,
    DoctorCommand.self,
]
