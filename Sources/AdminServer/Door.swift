internal import AdminInterface
internal import DeployModel
internal import LinuxSystem

/// One of the daemon's two sockets, and who may come in by it.
package struct Door: Hashable, Sendable {
    package var role: Role
    /// Whom the daemon runs as: root in an installation.
    package var ownerID: UInt32
    /// Whom the agent runs as.
    package var agentID: UInt32

    package enum Role: Hashable, Sendable {
        /// In a directory that only the owner can enter.
        case admin
        /// In a directory that `pinfold run` binds into the view.
        case agent
    }

    package init(_ role: Role, ownerID: UInt32, agentID: UInt32) {
        self.role = role
        self.ownerID = ownerID
        self.agentID = agentID
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
        case .agent:
            guard isOwner || peer.userID == agentID else {
                throw Problem(
                    .forbidden, "uid \(peer.userID) may not use the agent's socket; it is for the agent's user, \(agentID)")
            }
            // Whoever comes in here has the agent's rights: the way in decides, not the name.
            return Caller(role: .agent, uid: peer.userID, name: UserName.of(peer.userID) ?? "agent")
        }
    }

    /// Refuses what this door does not lead to.
    func allow(_ route: Route) throws(Problem) {
        guard role == .agent, route.audience == .admin else { return }
        throw Problem(
            .forbidden,
            "the agent's socket can deploy and read the status; '\(route.rawValue)' is the admin's, outside the view")
    }
}
