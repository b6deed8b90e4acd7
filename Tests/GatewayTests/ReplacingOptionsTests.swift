import GatewayFileSystem
import Testing

/// Which settings may differ where a gateway takes the place of one that serves.
@Suite struct ReplacingOptionsTests {
    private static func options(_ change: (inout GatewayOptions) -> Void = { _ in }) -> GatewayOptions {
        var options = GatewayOptions()
        (options.source, options.mountpoint) = ("/", "/run/view")
        (options.codeRepo, options.sandbox) = ("/data/code-repo", "/data/sandbox")
        (options.agentUser, options.agentGroup) = (61_234, 61_234)
        change(&options)
        return options
    }

    @Test func `patterns and quotas change, and what is read anew at each open stays as it is`() {
        let wanted = Self.options {
            $0.hide = ["/etc/shadow", "**/.env"]
            $0.protect = [".git/hooks"]
            $0.codeRepoQuota = ZoneQuota(bytes: 1 << 30, inodes: nil)
            $0.sandboxQuota = ZoneQuota(bytes: 1 << 30, inodes: 1000)
            $0.live = ["/data/new"]
        }
        let running = Self.options { $0.live = ["/data/old"] }
        #expect(wanted.refusal(replacing: running) == nil)
        #expect(running.refusal(replacing: wanted) == nil)
        #expect(wanted.remarks(replacing: running).map { $0.prefix(9) } == ["/data/new", "/data/old"])
        #expect(wanted.remarks(replacing: wanted).isEmpty)
    }

    @Test func `all settings that stand in the way are named at once, with what they are and were to be`() throws {
        let wanted = Self.options {
            $0.source = "/data"
            $0.sandbox = "/data/other"
            $0.agentUser = 1
            $0.audit = "/audit"
            $0.without = [.passthrough]
        }
        let refusal = try #require(wanted.refusal(replacing: Self.options()))
        for part in [
            "AGENT_VIEW_SOURCE (is /, wanted /data)", "AGENT_SANDBOX_PATH (is /data/sandbox, wanted /data/other)",
            "AGENT_USER (is 61234:61234, wanted 1:61234)", "--audit (is none, wanted /audit)",
            "--without (is nothing, wanted passthrough)", "'pinfold umount' and 'pinfold mount'",
        ] {
            #expect(refusal.contains(part), "\(refusal)")
        }
        #expect(!refusal.contains("AGENT_CODE_REPO_PATH") && !refusal.contains("\n"))
    }

    @Test func `a pattern that reaches into a sandbox which the kernel serves by itself stands in the way`() throws {
        let running = Self.options { $0.sandboxIsDirect = true }
        for isDirect in [true, false] {
            let wanted = Self.options {
                $0.hide = ["/data/sandbox/secret"]
                $0.sandboxIsDirect = isDirect
            }
            let refusal = try #require(wanted.refusal(replacing: running))
            #expect(refusal.contains("/data/sandbox/secret"), "\(refusal)")
            #expect(refusal.contains("AGENT_SANDBOX_ACCESS (is direct, wanted served)") == !isDirect)
        }
        let wanted = Self.options { $0.sandboxQuota = ZoneQuota(bytes: 1 << 30, inodes: nil) }
        #expect(try #require(wanted.refusal(replacing: running)).contains("AGENT_SANDBOX_QUOTA"))
    }
}
