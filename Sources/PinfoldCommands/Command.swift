internal import ArgumentParser
internal import CommandLineSupport
internal import PinfoldConfiguration

/// The command that people type, and the one place where an outcome becomes an exit code (`CommandExit`).
package enum Command {
    /// Runs it with the words behind its name, and answers its exit code.
    package static func run(_ arguments: [String]) -> Int32 { Terminal.exitCode(end(of: arguments)) }

    private static func end(of arguments: [String]) -> Int32 {
        do {
            try ProcessWords.requireUTF8()
            if let words = RunCommand.command(of: arguments) { return try run(words, of: arguments) }
            if let objection = Inside.objection(to: arguments.first, known: PinfoldCommand.commandNames) { throw objection }
            if arguments.first == "help", let code = unknownCommand(Array(arguments.dropFirst())) { return code }
            var command = try PinfoldCommand.parseAsRoot(arguments)
            try command.run()
            return CommandExit.done.rawValue
        } catch let error as CommandFailure {
            return Outcome.exitCode(after: error, of: PinfoldCommand.self, program: "pinfold", help: "pinfold --help")
        } catch let error as ExitCode {
            return error.rawValue
        } catch {
            return unknownCommand(arguments)
                ?? Outcome.exitCode(after: error, of: PinfoldCommand.self, program: "pinfold", help: "pinfold --help")
        }
    }

    /// `run -- COMMAND`.
    private static func run(_ words: [String], of arguments: [String]) throws(CommandFailure) -> Int32 {
        do {
            try RunCommand.requireRoot()
            return try RunPlan(SettingsOptions.load(), variables: [], caller: SettingsOptions.environment()).run(words)
        } catch {
            // In the view nothing can be started, and that is the reason. Looked at only now: a start does not wait for the table
            // of mounts.
            throw Inside.objection(to: arguments.first, known: PinfoldCommand.commandNames) ?? error
        }
    }

    /// A first word that is no command: the parser would call it an unexpected argument.
    private static func unknownCommand(_ arguments: [String]) -> Int32? {
        let known = PinfoldCommand.commandNames
        guard let word = arguments.first, !word.hasPrefix("-"), !known.contains(word) else { return nil }
        let meant = closest(to: word, among: known).map { "did you mean 'pinfold \($0)'?" } ?? "see 'pinfold --help'"
        Terminal.complain("there is no command '\(word)'; \(meant)")
        return CommandExit.usage.rawValue
    }
}
