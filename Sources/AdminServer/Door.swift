package import AdminInterface
package import DeployModel
package import HummingbirdCore
package import NIOCore

internal import Hummingbird

/// One way in: how it is known who asks by it, and what it leads to. A socket goes by the kernel's word; others by what a request carries.
package protocol Door: Sendable {
    /// What a refusal calls it.
    var name: String { get }

    /// Who is asking: the same for each request of a connection, or another for each.
    /// - Throws: ``Turned`` where nobody may who comes that way.
    func admit(_ request: Request, over connection: any Channel) async throws(Turned) -> Caller

    /// Refuses what this door does not lead to.
    func allow(_ route: Route) throws(Problem)

    /// Refuses an answer that takes more than to come by this door.
    func allow(_ answer: AnswerRequest) throws(Problem)
}

/// Somebody whom a door did not let in, and why.
package struct Turned: Error {
    /// As the record of refusals names them; nil where nothing is known, and nothing recorded.
    package let who: String?
    package let problem: Problem

    package init(_ who: String?, _ problem: Problem) {
        self.who = who
        self.problem = problem
    }
}
