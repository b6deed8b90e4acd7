package import DeployModel

/// Why a request was not done: what every answer with a status of 400 or more carries, as `application/problem+json`.
package struct Problem: Codable, Error, Hashable, Sendable {
    /// What happened, as one word for programs.
    package enum Kind: String, Codable, CaseIterable, Sendable {
        /// It did not happen as things stand: nothing waits for that answer, a newer commit came, there is nothing to go back to.
        case refused
        /// No such route, deployment or commit.
        case notFound = "not_found"
        /// The request itself is wrong: its JSON, a parameter.
        case usage
        /// This caller may not do that.
        case forbidden
        /// A human has to answer first.
        case waiting
        /// The daemon is starting or stopping.
        case unavailable
        /// The daemon failed at it: a full disk, a damaged file.
        case broken
        /// The request, or what it asks for, is larger than the interface carries.
        case tooLarge = "too_large"
        /// More at a time than one caller gets.
        case busy
    }

    package static let mediaType = "application/problem+json"

    package var kind: Kind
    /// The status of the HTTP answer.
    package var status: Int
    /// What happened, to what, and what to do, for a person. May quote what the agent wrote: escape it before it goes to a terminal.
    package var message: String
    /// What the command ends with: 1 it did not happen, 2 wrong usage, 3 waiting for a human, 4 the daemon cannot be reached.
    package var exitCode: Int

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
        switch kind {
        case .refused: (status, exitCode) = (409, 1)
        case .notFound: (status, exitCode) = (404, 1)
        case .usage: (status, exitCode) = (400, 2)
        case .forbidden: (status, exitCode) = (403, 1)
        case .waiting: (status, exitCode) = (409, 3)
        case .unavailable: (status, exitCode) = (503, 4)
        case .broken: (status, exitCode) = (500, 1)
        case .tooLarge: (status, exitCode) = (413, 1)
        case .busy: (status, exitCode) = (429, 1)
        }
    }

    /// The same, answered with another status of its kind.
    package func with(status: Int) -> Problem {
        var problem = self
        problem.status = status
        return problem
    }

    package init(_ error: DeployError) {
        switch error {
        case .refused(let text): self.init(.refused, text)
        case .notFound(let text): self.init(.notFound, text)
        case .usage(let text): self.init(.usage, text)
        case .forbidden(let text): self.init(.forbidden, text)
        case .waiting(let text): self.init(.waiting, text)
        case .unavailable(let text): self.init(.unavailable, text)
        case .broken(let text): self.init(.broken, text)
        }
    }
}
