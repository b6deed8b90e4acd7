internal import LinuxSystem
internal import PinfoldConfiguration
internal import ZonePolicy

/// Who answers in the sandbox: what was asked for, as far as it is possible.
struct SandboxAccess: Sendable, Hashable {
    let access: ZoneAccess
    /// Why it is not what was asked for.
    let obstacle: String?

    /// - Parameter configuration: with symbolic links resolved. A file system that cannot be told by looking is tried, which root can.
    init(_ configuration: Configuration, _ account: UserAccount) {
        guard configuration.zones.sandboxAccess == .direct else {
            access = .served
            obstacle = nil
            return
        }
        obstacle = Self.obstacle(configuration, account)
        access = obstacle == nil ? .direct : .served
    }

    private static func obstacle(_ configuration: Configuration, _ account: UserAccount) -> String? {
        if configuration.zones.sandboxQuota != nil { return "AGENT_SANDBOX_QUOTA is set, and only the gateway counts it" }
        if let pattern = try? configuration.accessPolicy().patternReaching(into: .sandbox) {
            return "the pattern \(pattern) reaches into it, and only the gateway knows names"
        }
        let path = configuration.zones.sandbox
        return DirectMount.obstacle(at: path, of: account.uid, account.gid).map { "\(path) \($0)" }
    }

    /// For whoever asked for more than can be had; nil where all is as it was asked for.
    var complaint: String? { obstacle.map { "AGENT_SANDBOX_ACCESS=direct: the gateway serves the sandbox instead: \($0)" } }
}

extension SandboxAccess {
    private init(_ access: ZoneAccess, _ obstacle: String? = nil) {
        self.access = access
        self.obstacle = obstacle
    }

    /// How it is, where the view is mounted; else how it would be. Nil where only root could tell.
    static func now(_ configuration: Configuration) -> SandboxAccess? {
        let real = configuration.resolvingSymbolicLinks()
        let wanted = real.zones.sandboxAccess
        let view = try? MountedView.find(real.view.mountpoint)
        if let view, view.isMounted, view.direct != nil { return SandboxAccess(.direct) }
        guard wanted == .direct else { return SandboxAccess(.served) }
        guard isRoot, let account = try? agentAccount(configuration) else { return nil }
        let possible = SandboxAccess(real, account)
        guard let view, view.isMounted, possible.access == .direct else { return possible }
        return SandboxAccess(.served, "the view was mounted with other settings")
    }
}
