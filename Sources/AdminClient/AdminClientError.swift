package import AdminInterface

/// Why the daemon gave no answer, or gave a bad one.
package enum AdminClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nobody answers at that socket.
    case unreachable(path: String, why: String)
    /// The daemon went away, or took too long, before it had answered.
    case interrupted(path: String, why: String)
    /// What came is not what the daemon sends.
    case incomprehensible(path: String, why: String)
    /// The daemon's own words.
    case problem(Problem)

    /// The command's exit code.
    package var exitCode: Int32 {
        switch self {
        case .unreachable, .interrupted: 4
        case .incomprehensible: 1
        case .problem(let problem): Int32(problem.exitCode)
        }
    }

    /// One line without a full stop; the daemon's words may quote the agent's, so it is to be escaped before it is shown.
    package var description: String {
        switch self {
        case .unreachable(let path, let why):
            "the deploy daemon cannot be reached at \(path): \(why)"
        case .interrupted(let path, let why):
            "the deploy daemon at \(path) did not finish its answer: \(why); what it had begun is on disk, 'pinfold status' shows how far it is"
        case .incomprehensible(let path, let why):
            "what answers at \(path) does not speak as the deploy daemon does: \(why); install pinfold and pinfold-deployd of one version"
        case .problem(let problem):
            problem.message
        }
    }
}
