/// A process that runs what is deployed with rights that the agent, whose code that is, must not get by a commit.
package struct ServerRights: Hashable, Sendable, CustomStringConvertible {
    package enum Rights: Hashable, Sendable {
        case root
        /// By name; the process is another user's and can make itself root all the same.
        case asGoodAsRoot([String])
        /// Who writes code-repo, outside the fence: with it go `.git/hooks` and whatever else is kept from the agent there.
        case theAgents
    }

    package let process: RunningProcess
    package let rights: Rights

    /// Those that run from one of the directories, root's first.
    package static func excessive(runningFrom directories: [String], agent: UInt32) -> [ServerRights] {
        let look = {
            excessive(of: RunningProcess.running(from: directories) { rights(of: $0, agent: agent) != nil }, agent: agent)
        }
        let first = look()
        guard !first.isEmpty else { return [] }
        // What starts a server goes to its directory and gives up its rights one after the other: only what stays like that counts.
        SystemThread.sleep(milliseconds: 100)
        let second = Set(look().map { "\($0.process.pid) \($0.rights)" })
        return first.filter { second.contains("\($0.process.pid) \($0.rights)") }
    }

    /// Those of some processes that run what is deployed, root's first.
    private static func excessive(of processes: [RunningProcess], agent: UInt32) -> [ServerRights] {
        let all = processes.compactMap { process in
            rights(of: process.owner, agent: agent).map { ServerRights(process: process, rights: $0) }
        }
        return all.filter { $0.rights != .theAgents } + all.filter { $0.rights == .theAgents }
    }

    private static func rights(of owner: ProcessOwner, agent: UInt32) -> Rights? {
        if owner.users.contains(0) { return .root }
        let powers = Capabilities.asGoodAsRoot.filter { owner.capabilities.contains($0.value) }.map(\.name)
        if !powers.isEmpty { return .asGoodAsRoot(powers) }
        return owner.users.contains(agent) ? .theAgents : nil
    }

    package var description: String {
        let process = process.description
        switch rights {
        case .root: return "\(process) runs what is deployed as root: the agent's next commit has root's rights"
        case .asGoodAsRoot(let powers):
            return "\(process) runs what is deployed with \(powers.joined(separator: ", ")), which is as good as root"
        case .theAgents:
            return
                "\(process) runs what is deployed as the agent's own user: outside the fence it may write what is kept from the agent"
        }
    }

    /// What to do about it.
    package static let advice = "give the server a user of its own, as mount/units/agent-server.service does with User="
}

extension [ServerRights] {
    /// The first of them, how many more, and what to do; nil where there are none.
    package var summary: String? {
        guard let first else { return nil }
        return "\(first)" + (count > 1 ? ", and \(count - 1) more" : "") + "; " + ServerRights.advice
    }
}
