package import AdminInterface
internal import CLinux
package import DeployModel
package import HummingbirdCore
internal import SystemPackage

internal import Hummingbird
package import LinuxSystem
package import NIOCore

/// Finds out who is at the other end of a connection.
package typealias Identify = @Sendable (any Channel) async throws -> PeerCredentials

/// Asks the kernel, as NIO lets it be asked (SO_PEERCRED, `man 7 unix`): the answer is fixed when the other end connects.
package let identifyByKernel: Identify = { channel in
    guard let provider = channel as? any SocketOptionProvider else { throw Errno.notSocket }
    let peer: ucred = try await provider.unsafeGetSocketOption(
        level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET), name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
    ).get()
    return PeerCredentials(processID: peer.pid, userID: peer.uid, groupID: peer.gid)
}

/// One of the daemon's sockets: whoever connects is whom the kernel says.
package struct SocketDoor: Door {
    package let role: Role
    /// Whom the daemon runs as: root in an installation.
    package let ownerID: UInt32
    /// Whom the agent runs as.
    package let agentID: UInt32
    private let identify: Identify

    package enum Role: String, Hashable, Sendable {
        /// In a directory that only the owner can enter.
        case admin
        /// For the review page, whose user has no other way in.
        case review
        /// In a directory that `pinfold run` binds into the view.
        case agent
    }

    package init(_ role: Role, ownerID: UInt32, agentID: UInt32, identify: @escaping Identify = identifyByKernel) {
        self.role = role
        self.ownerID = ownerID
        self.agentID = agentID
        self.identify = identify
    }

    package var name: String { "the \(role.rawValue) socket" }

    package func admit(_ request: Request, over connection: any Channel) async throws(Turned) -> Caller {
        let peer: PeerCredentials
        do {
            peer = try await identify(connection)
        } catch {
            throw Turned(nil, Problem(.forbidden, "it cannot be told who is asking: \(error)"))
        }
        do throws(Problem) {
            return try admit(peer)
        } catch {
            throw Turned("uid \(peer.userID)", error)
        }
    }

    /// Whom the kernel's word makes the caller. The modes of directory and socket keep strangers away already; this holds without them too.
    func admit(_ peer: PeerCredentials) throws(Problem) -> Caller {
        let isOwner = peer.userID == 0 || peer.userID == ownerID
        switch role {
        case .admin:
            // Where the agent is mistakenly given the owner's user, it is still the agent, and the admin's socket stays shut.
            guard isOwner, peer.userID != agentID else {
                throw Problem(
                    .forbidden, "uid \(peer.userID) may not use the admin's socket; it is for root and for the daemon's own user")
            }
            return Caller(role: .admin, uid: peer.userID, name: UserName.of(peer.userID) ?? "admin")
        case .review:
            guard isOwner || peer.userID == ReviewUser.id, peer.userID != agentID else {
                throw Problem(
                    .forbidden,
                    "uid \(peer.userID) may not use the review page's socket; it is for the page's user, \(ReviewUser.id)")
            }
            // Root has no more here than the page has.
            return Caller(role: .review, uid: peer.userID, name: "review page")
        case .agent:
            guard isOwner || peer.userID == agentID else {
                throw Problem(
                    .forbidden, "uid \(peer.userID) may not use the agent's socket; it is for the agent's user, \(agentID)")
            }
            // Whoever comes in here has the agent's rights: the way in decides, not the name.
            return Caller(role: .agent, uid: peer.userID, name: UserName.of(peer.userID) ?? "agent")
        }
    }

    package func allow(_ route: Route) throws(Problem) {
        switch role {
        case .admin: return
        case .review:
            guard !route.isReviewPages else { return }
            throw Problem(.forbidden, "'\(route.rawValue)' is not the review page's: it reads, and hands on what a passkey signed")
        case .agent:
            guard route.audience == .admin else { return }
            throw Problem(
                .forbidden,
                "'\(route.rawValue)' is the admin's; the agent deploys, reads what came of that, and asks what it may do")
        }
    }

    package func allow(_ answer: AnswerRequest) throws(Problem) {
        // The page itself is nobody: it may have been taken over by what it shows.
        guard role == .review, answer.passkey == nil || answer.signature != nil else { return }
        throw Problem(.forbidden, "an answer that comes from the review page is signed by a passkey")
    }
}
