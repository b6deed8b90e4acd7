/// What an exit code means; the same for every command.
package enum CommandExit: Int32, Sendable {
    case done = 0
    /// The thing asked for did not happen: tests failed, refused, unhealthy, busy.
    case notDone = 1
    /// Wrong usage or configuration; nothing was started or changed.
    case usage = 2
    case waitingForHuman = 3
    /// The daemon or the mount cannot be reached.
    case unreachable = 4
}

/// Why a command did not do what was asked, for the person who asked.
///
/// The message is one line, "what happened, to what; what to do about it", without a full stop. Control characters in it are
/// escaped when it is printed, so names that the agent chose may be put into it as they are.
package struct CommandFailure: Error, Sendable {
    package let code: CommandExit
    package let message: String

    package init(_ code: CommandExit, _ message: String) {
        self.code = code
        self.message = message
    }
}
