import AgentRun
import Fence
import Testing

@Suite
struct `The fence of a view` {
    private func view(source: String, mountpoint: String = "/run/pinfold/view", data: String) throws -> AgentView {
        try AgentView(
            source: source, mountpoint: mountpoint, codeRepo: data + "/code-repo", sandbox: data + "/sandbox", dataRoot: data,
            agentSocketDirectory: nil)
    }

    private func fence(_ view: AgentView, directory: String = "/", caller: [String: String] = [:], set: [String: String] = [:])
        -> Fence
    {
        Fence.agent(
            view, user: FenceUser(uid: 61_019, gid: 7), network: .host, workingDirectory: directory, callersEnvironment: caller,
            environment: set, terminal: false)
    }

    @Test func `has the whole view as its root where the source is the root directory`() throws {
        let fence = fence(try view(source: "/", data: "/srv/agent"))
        #expect(fence.mounts.first == .bind("/run/pinfold/view", at: "/"))
        #expect(fence.writable.prefix(4) == ["/srv/agent/code-repo", "/srv/agent/sandbox", "/tmp", "/dev/shm"])
        #expect(fence.sealed.contains("/") && fence.sealed.contains("/srv/agent"))
    }

    @Test func `lays a narrower view over its source's own path in what the gateway shows around it`() throws {
        let fence = fence(try view(source: "/srv", mountpoint: "/mnt/view", data: "/srv/agent"))
        #expect(fence.mounts.first == .bind("/run/pinfold/mnt-view.surroundings", at: "/"))
        #expect(fence.mounts.last == .bind("/mnt/view", at: "/srv"))
        // Nothing is the host's own but what is made for the command.
        #expect(!fence.mounts.contains { if case .readOnly = $0 { true } else { false } })
    }

    @Test func `shows data that lies where the fence puts something private`() throws {
        let fence = fence(try view(source: "/", data: "/tmp/x/agent"))
        #expect(fence.mounts.last == .bind("/run/pinfold/view/tmp/x/agent", at: "/tmp/x/agent"))
    }

    @Test func `keeps the caller's directory, also of somebody who stands in the mounted view`() throws {
        let whole = try view(source: "/", data: "/srv/agent")
        #expect(fence(whole, directory: "/home/x").workingDirectories == ["/home/x", "/srv/agent/sandbox"])
        #expect(fence(whole, directory: "/run/pinfold/view/home/x").workingDirectories.first == "/home/x")
        let narrow = try view(source: "/srv", data: "/srv/agent")
        #expect(fence(narrow, directory: "/run/pinfold/view/agent").workingDirectories.first == "/srv/agent")
    }

    @Test func `passes on no variable that could be a secret`() throws {
        let caller = [
            "TERM": "xterm", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "s", "SSH_AUTH_SOCK": "/tmp/a", "LD_PRELOAD": "/x",
            "HOME": "/root",
            "PATH": "/opt/bin:.:bin::/usr/bin:/opt/bin", "AGENT_ADMIN": "x", "DBUS_SESSION_BUS_ADDRESS": "unix:",
        ]
        let environment = fence(try view(source: "/", data: "/srv/agent"), caller: caller, set: ["KEY": "wanted"]).environment
        #expect(
            environment == [
                "TERM": "xterm", "LC_ALL": "C", "PATH": "/opt/bin:/usr/bin", "HOME": "/srv/agent/sandbox", "TMPDIR": "/tmp",
                "LSAN_OPTIONS": "detect_leaks=0",
                "USER": "61019",
                "LOGNAME": "61019", "KEY": "wanted", "AGENT_DATA_ROOT": "/srv/agent",
                "AGENT_CODE_REPO_PATH": "/srv/agent/code-repo",
                "AGENT_SANDBOX_PATH": "/srv/agent/sandbox",
            ])
    }

    @Test func `is no fence where a zone is not below the source`() {
        #expect(throws: FenceError.self) { try view(source: "/opt", data: "/srv/agent") }
        #expect(throws: FenceError.self) { try view(source: "/srv/agent/sandbox", data: "/srv/agent") }
    }
}
