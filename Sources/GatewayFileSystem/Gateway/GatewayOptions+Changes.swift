internal import ZonePolicy

// Which settings change while a view lives: `AGENT_VIEW_HIDE`, `AGENT_PROTECT` and the zones' quotas. All others have been said to the kernel, or are what the
// view is made of.
extension GatewayOptions {
    /// Why the view that `running` is served by cannot go on with these, in one line that has every setting which stands in the way; nil where none does.
    package func refusal(replacing running: GatewayOptions) -> String? {
        var reasons = Self.fixed.compactMap { setting in
            let (old, new) = (setting.value(running), setting.value(self))
            return old == new ? nil : "\(setting.name) (is \(old), wanted \(new))"
        }
        if running.sandboxIsDirect, let pattern = patternReachingIntoSandbox {
            reasons.append(
                "the pattern \(pattern) (it reaches into the sandbox, where the kernel serves by itself and knows no names)")
        } else if running.sandboxIsDirect, !sandboxIsDirect, sandboxQuota != running.sandboxQuota {
            reasons.append("AGENT_SANDBOX_QUOTA (in a direct sandbox 'pinfold init' sets it, and then this)")
        }
        if reasons.isEmpty { return nil }
        return "under a living view these cannot change, 'pinfold umount' and 'pinfold mount' bring them into force: "
            + reasons.joined(separator: "; ")
    }

    /// What is not refused, and stays as it is all the same: sentences for the log and for who asked.
    package func remarks(replacing running: GatewayOptions) -> [String] {
        let (old, new) = (Set(running.live), Set(live))
        return new.subtracting(old).sorted().map { "\($0) is not read anew at each open until the view is mounted anew" }
            + old.subtracting(new).sorted().map { "\($0) is read anew at each open until the view is mounted anew" }
    }

    private static var fixed: [(name: String, value: (GatewayOptions) -> String)] {
        [
            ("AGENT_VIEW_SOURCE", { $0.source }), ("AGENT_VIEW_MOUNTPOINT", { $0.mountpoint }),
            ("AGENT_CODE_REPO_PATH", { $0.codeRepo }), ("AGENT_SANDBOX_PATH", { $0.sandbox }),
            ("AGENT_USER", { "\($0.agentUser):\($0.agentGroup)" }),
            ("AGENT_SANDBOX_ACCESS", { $0.sandboxIsDirect ? "direct" : "served" }),
            ("--surroundings", { $0.surroundings ?? "none" }), ("--audit", { $0.audit ?? "none" }),
            ("--descriptors", { $0.descriptors.map { "\($0)" } ?? "all" }),
            ("--without", { $0.without.isEmpty ? "nothing" : $0.without.map(\.rawValue).sorted().joined(separator: ", ") }),
        ]
    }

    private var patternReachingIntoSandbox: String? {
        let policy = try? AccessPolicy(source: source, codeRepo: codeRepo, sandbox: sandbox, hide: hide, protect: protect)
        return policy?.patternReaching(into: .sandbox)
    }
}
