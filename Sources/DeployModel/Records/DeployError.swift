/// Why a request to the deploy daemon was not met; each knows the exit code that `pinfold` ends with.
package enum DeployError: Error, Codable, Hashable, Sendable {
    /// It did not happen: tests failed, refused, nothing to roll back to.
    case refused(String)
    /// There is no such deployment, commit or file.
    case notFound(String)
    /// The request itself is wrong.
    case usage(String)
    /// The caller may not ask for this.
    case forbidden(String)
    /// A human has to answer first.
    case waiting(String)
    /// The daemon cannot be reached, or is stopping.
    case unavailable(String)
    /// The daemon failed at it: full disk, damaged file.
    case broken(String)

    package var message: String {
        switch self {
        case .refused(let text), .notFound(let text), .usage(let text), .forbidden(let text), .waiting(let text),
            .unavailable(let text), .broken(let text):
            text
        }
    }

    /// 1 it did not happen, 2 wrong usage, 3 waiting for a human, 4 unreachable.
    package var exitCode: Int32 {
        switch self {
        case .refused, .notFound, .forbidden, .broken: 1
        case .usage: 2
        case .waiting: 3
        case .unavailable: 4
        }
    }
}

extension DeployError: CustomStringConvertible {
    package var description: String { message }
}
