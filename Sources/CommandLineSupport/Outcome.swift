package import ArgumentParser

/// How a program ends: the one place where what was thrown becomes words and an exit code.
package enum Outcome {
    /// What a program ends with after `error`, which is said by then.
    /// - Parameters:
    ///   - root: the command whose words were parsed.
    ///   - program: whose words these are.
    ///   - help: how its help is asked for, where the parser names no closer one.
    package static func exitCode(
        after error: any Error, of root: any ParsableCommand.Type, program: String, help: String
    ) -> Int32 {
        switch error {
        case let failure as CommandFailure:
            Terminal.complain(failure.message, of: program)
            return failure.code.rawValue
        case let code as ExitCode:
            // Somebody else's exit code, passed on: whoever ended with it has said why.
            return code.rawValue
        default: return answer(error, root, program, help)
        }
    }

    /// What the argument parser throws: a request for help or the version, or wrong usage, which is 2 here and 64 there. Whatever else comes here is
    /// something that did not work.
    private static func answer(_ error: any Error, _ root: any ParsableCommand.Type, _ program: String, _ help: String) -> Int32 {
        if root.exitCode(for: error).isSuccess {
            Terminal.say(root.fullMessage(for: error))
            return Terminal.exitCode(CommandExit.done.rawValue)
        }
        var message = root.message(for: error)
        while let last = message.last, last == "." || last.isNewline { message.removeLast() }
        // A list of what may be given, an item a line, in the one line that an error has.
        let lines = message.split(separator: "\n")
        if lines.count > 1, lines.dropFirst().allSatisfy({ $0.hasPrefix("  - ") }) {
            message = lines[0] + " " + lines.dropFirst().map { $0.dropFirst(4) }.joined(separator: ", ")
        }
        guard root.exitCode(for: error) == .validationFailure else {
            Terminal.complain(message, of: program)
            return CommandExit.notDone.rawValue
        }
        // The parser's text ends in "See 'pinfold mount --help' for more information."
        let hint = root.fullMessage(for: error).split(separator: "'").last { $0.hasSuffix("--help") && $0.hasPrefix("pinfold ") }
        Terminal.complain("\(message); see '\(hint.map(String.init) ?? help)'", of: program)
        return CommandExit.usage.rawValue
    }
}
