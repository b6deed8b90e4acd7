internal import ArgumentParser
internal import CommandLineSupport
internal import Fence
internal import LinuxSystem
internal import PinfoldConfiguration

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the agent with the view as its root directory, confined.",
        discussion: """
            The command sees the view, and writes in the two zones and in a private /tmp. It runs as AGENT_USER without any capability, in \
            namespaces of its own, behind a system-call filter and Landlock. Nothing starts unless a self-test finds that every forbidden \
            write fails. The exit code is the command's, or 128 and the number of the signal that ended it.
            """)

    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "Print the fence that would be built, and start nothing.")
    var explain = false

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp(
            "Set a variable for the command, or pass on the caller's; may be given several times. No other of the caller's variables is passed "
                + "on but PATH and those of terminal, language, time zone and certificates.", valueName: "NAME[=VALUE]"))
    var variables: [String] = []

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String] = []

    mutating func run() throws {
        // Words that are passed through are not looked at by the parser, a request for help in front of them neither.
        if let first = command.first, ["--help", "-h"].contains(first) { throw CleanExit.helpRequest(self) }
        var words = command
        if words.first == "--" {
            words.removeFirst()
        } else if let first = words.first, first.utf8.first == UInt8(ascii: "-") {
            // Without the hyphens in front of the command, which is asked for by them where it begins so, this is a slip.
            throw CommandFailure(.usage, "unknown option '\(first)'; see 'pinfold run --help'")
        }
        guard explain || !words.isEmpty else {
            throw CommandFailure(.usage, "no command is given; see 'pinfold run --help'")
        }
        if !explain { try Self.requireRoot() }
        let plan = try RunPlan(try configuration.load(), variables: variables, caller: SettingsOptions.environment())
        if explain {
            Terminal.say(try plan.fence().explain(command: words))
            return
        }
        throw ExitCode(try plan.run(words))
    }

    static func requireRoot() throws(CommandFailure) { try PinfoldCommands.requireRoot(to: "run a command in the view") }

    /// The command of `run -- COMMAND`, without an option; nil for what the parser has to look at.
    ///
    /// Who starts an agent, or a tool of it, starts it this way, and the parser takes a good part of the whole start to learn all commands.
    static func command(of arguments: [String]) -> [String]? {
        guard arguments.count > 2, arguments[0] == configuration.commandName, arguments[1] == "--" else { return nil }
        return Array(arguments[2...])
    }
}

extension CommandFailure {
    init(_ error: FenceError) {
        switch error.kind {
        case .configuration: self.init(.usage, error.description)
        case .refused: self.init(.notDone, error.description)
        case .unreachable: self.init(.unreachable, error.description)
        }
    }
}
