internal import ArgumentParser
internal import PinfoldConfiguration

/// The command that people type, and the one place where an outcome becomes an exit code (`CommandExit`).
package enum Command {
    /// Runs it with the words behind its name, and answers its exit code.
    package static func run(_ arguments: [String]) -> Int32 {
        do {
            if let words = RunCommand.command(of: arguments) {
                return try RunPlan(ConfigurationOptions.load(), variables: [], caller: ConfigurationOptions.environment()).run(
                    words)
            }
            var command = try PinfoldCommand.parseAsRoot(arguments)
            try command.run()
            return CommandExit.done.rawValue
        } catch let failure as CommandFailure {
            Terminal.complain(failure.message)
            return failure.code.rawValue
        } catch let code as ExitCode {
            // Somebody else's exit code, passed on: whoever ended with it has said why.
            return code.rawValue
        } catch {
            return unknownCommand(arguments) ?? answer(error)
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

    /// What the argument parser throws: a request for help or the version, or wrong usage, which is 2 here and 64 there.
    private static func answer(_ error: any Error) -> Int32 {
        if PinfoldCommand.exitCode(for: error).isSuccess {
            Terminal.say(PinfoldCommand.fullMessage(for: error))
            return CommandExit.done.rawValue
        }
        var message = PinfoldCommand.message(for: error)
        while let last = message.last, last == "." || last.isNewline { message.removeLast() }
        // The parser's text ends in "See 'pinfold mount --help' for more information."
        let hint = PinfoldCommand.fullMessage(for: error).split(separator: "'").last { $0.hasSuffix("--help") }
        Terminal.complain("\(message); see '\(hint ?? "pinfold --help")'")
        return CommandExit.usage.rawValue
    }
}
