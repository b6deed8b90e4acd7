internal import AdminInterface
internal import LinuxSystem

/// Who has a connection: told once, as it is accepted, so that nobody holds one who has no business here, and nobody holds all of them.
///
/// A connection is its owner's for as long as it lives: the kernel notes it with the socket, whoever is handed that.
final class Door: Sendable {
    let agentUserID: UInt32
    /// How many connections there may be. One user has at most as many as it leaves free: the first half of them, the second a quarter, and
    /// so on. However many somebody holds, there is room for somebody else.
    let places: Int
    private let owner: @Sendable (_ client: LoopbackEnd, _ server: LoopbackEnd) -> UInt32?
    private let state = Lock(State())

    private struct State {
        var owners: [ObjectIdentifier: UInt32] = [:]
        var counts: [UInt32: Int] = [:]
    }

    init(
        agentUserID: UInt32, places: Int,
        owner: @escaping @Sendable (_ client: LoopbackEnd, _ server: LoopbackEnd) -> UInt32? = ConnectionOwner.uid
    ) {
        (self.agentUserID, self.places, self.owner) = (agentUserID, places, owner)
    }

    /// Takes a connection in, which has a place until it leaves.
    func enter(_ connection: ObjectIdentifier, _ client: LoopbackEnd?, _ server: LoopbackEnd?) throws(Problem) {
        guard let client, let server, let uid = owner(client, server) else {
            throw Problem(.forbidden, "it cannot be told whose connection this is")
        }
        guard uid != agentUserID else { throw Problem(.forbidden, "the agent does not get to see this page") }
        let hasPlace = state.withLock { state in
            let own = state.counts[uid, default: 0]
            guard own < places - state.owners.count else { return false }
            state.counts[uid] = own + 1
            state.owners[connection] = uid
            return true
        }
        guard hasPlace else {
            throw Problem(.busy, "this user has too many connections here; close some and try again")
        }
    }

    func leave(_ connection: ObjectIdentifier) {
        state.withLock { state in
            guard let uid = state.owners.removeValue(forKey: connection), let count = state.counts[uid] else { return }
            state.counts[uid] = count > 1 ? count - 1 : nil
        }
    }

    /// What whoever gets no place is told: a whole answer, after which the connection is closed.
    static func answer(_ problem: Problem) -> String {
        let words = problem.message + "\n"
        return [
            "HTTP/1.1 \(problem.status) Refused", "Connection: close", "Content-Type: text/plain; charset=utf-8",
            "Content-Length: \(words.utf8.count)", "Cache-Control: no-store", "X-Content-Type-Options: nosniff", "", words,
        ].joined(separator: "\r\n")
    }

    /// Whose a connection is that was taken in.
    func owner(of connection: ObjectIdentifier) -> UInt32? { state.withLock { $0.owners[connection] } }
}
