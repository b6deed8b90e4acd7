internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage
internal import ZonePolicy

/// Who answers in the sandbox, and why not the kernel: what was asked for, as far as it is possible.
struct SandboxAccess: Sendable, Hashable {
    let access: ZoneAccess
    /// Why it is served where `AGENT_SANDBOX_ACCESS` does not ask for that.
    let obstacle: String?

    private init(_ access: ZoneAccess, _ obstacle: String? = nil) {
        self.access = access
        self.obstacle = obstacle
    }

    /// - Parameter configuration: with symbolic links resolved. A file system that cannot be told by looking is tried, which root can.
    init(_ configuration: Configuration, _ account: UserAccount) {
        guard configuration.zones.sandboxAccess != .served else {
            self.init(.served)
            return
        }
        let obstacle = Self.obstacle(configuration, account)
        self.init(obstacle == nil ? .direct : .served, obstacle)
    }

    private static func obstacle(_ configuration: Configuration, _ account: UserAccount) -> String? {
        if let pattern = try? configuration.accessPolicy().patternReaching(into: .sandbox) {
            return "the pattern \(pattern) reaches into it, and only the gateway knows names"
        }
        let path = configuration.zones.sandbox
        if let obstacle = DirectMount.obstacle(at: path, of: account.uid, account.gid) { return "\(path) \(obstacle)" }
        guard let quota = configuration.zones.sandboxQuota else { return nil }
        guard let directory = try? Descriptor.open(path, [.path, .directory]) else { return "\(path) cannot be opened" }
        return ProjectQuota.obstacle(at: directory, .init(quota)).map { "AGENT_SANDBOX_QUOTA is set, and \(path) \($0)" }
    }

    /// Refuses where `direct` was asked for and cannot be had: who asks for it counts on it.
    func require(_ wanted: ZoneAccess?) throws(CommandFailure) {
        guard wanted == .direct, let obstacle else { return }
        throw CommandFailure(
            .usage, "AGENT_SANDBOX_ACCESS=direct: \(obstacle); without AGENT_SANDBOX_ACCESS the gateway serves the sandbox then")
    }

    /// `direct`, or `served` and why.
    var sentence: String { access.rawValue + (obstacle.map { ": \($0)" } ?? "") }
}

extension SandboxAccess {
    /// How it is, where the view is mounted; else how it would be. Nil where only root could tell.
    static func now(_ configuration: Configuration) -> SandboxAccess? {
        let real = configuration.resolvingSymbolicLinks()
        let view = try? MountedView.find(real.view.mountpoint)
        let isMounted = view?.isMounted ?? false
        if isMounted, view?.direct != nil { return SandboxAccess(.direct) }
        guard real.zones.sandboxAccess != .served else { return SandboxAccess(.served) }
        guard isRoot, let account = try? agentAccount(configuration) else { return isMounted ? SandboxAccess(.served) : nil }
        let possible = SandboxAccess(real, account)
        guard isMounted, possible.access == .direct else { return possible }
        return SandboxAccess(
            .served,
            "the view was mounted so, with other settings or by what may do less than this command; mounted anew it may be direct"
        )
    }
}
