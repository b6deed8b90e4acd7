import DataRoot
import DeployModel
import PinfoldConfiguration
import Testing

/// Reads a configuration from an environment alone.
func load(
    _ environment: [String: String] = [:], file: String? = nil, overrides: [String: String] = [:],
    in directory: String = "/home/user/agent"
) throws -> Configuration {
    try Configuration.load(environment: environment, file: file, overrides: overrides, workingDirectory: directory)
}

@Suite struct `Reading the configuration` {
    @Test func `the seed's defaults hold with nothing set`() throws {
        let configuration = try load()
        #expect(configuration.data.path == "/home/user/agent/agent-data")
        #expect(configuration.zones.codeRepo == "/home/user/agent/agent-data/code-repo")
        #expect(configuration.zones.sandbox == "/home/user/agent/agent-data/sandbox")
        #expect(configuration.deploy.commits.userName == "Agent")
        #expect(configuration.deploy.commits.userEmail == "agent@localhost")
        #expect(configuration.view.source == "/")
        #expect(configuration.view.mountpoint == "/run/pinfold/view")
        #expect(configuration.agent.user == "pinfold-agent")
        #expect(configuration.agent.network == .host)
        #expect(configuration.zones.codeRepoQuota == nil)
        #expect(configuration.zones.source == nil)
        let deploy = configuration.deploy
        #expect(deploy.commits.branch == nil)
        #expect(deploy.versions.target == "/home/user/agent/agent-data/deployments/current")
        #expect(deploy.tests.required && deploy.judge.requiresApproval && !deploy.tests.network && deploy.judge.bites)
        #expect(deploy.tests.timeout == 300)
        #expect(deploy.versions.keep == 10)
        #expect(
            deploy.tests.command == nil && deploy.tests.report == nil && deploy.judge.surface.isEmpty && deploy.health.url == nil)
        #expect(
            deploy.health.patience == 10_000 && deploy.health.soak == 2000 && deploy.health.interval == 10_000
                && deploy.health.illness == .tell)
        #expect(configuration.view.protect.contains(".git/hooks"))
        #expect(configuration.view.hide.contains("/etc/shadow*"))
        #expect(configuration.settings.count == Variable.all.count)
        #expect(configuration.settings.allSatisfy { $0.origin == .standard })
    }

    @Test func `memory is bytes, a share of the machine's, or without a limit`() throws {
        let configuration = try load([
            "AGENT_MEMORY": "4G", "AGENT_DEPLOY_TEST_MEMORY": "25%", "AGENT_DEPLOY_TEST_READ": "venv:/srv/model:/tmp/x:/opt/y",
        ])
        #expect(configuration.agent.memory.bytes(of: 1 << 30) == 4 << 30)
        #expect(configuration.deploy.tests.memory.bytes(of: 100 << 30) == 25 << 30)
        #expect(configuration.deploy.tests.read == ["/home/user/agent/venv", "/srv/model", "/tmp/x", "/opt/y"])
        for text in ["none", "off"] { #expect(try load(["AGENT_MEMORY": text]).agent.memory.bytes(of: 1 << 30) == nil) }
        #expect(try load().agent.memory.bytes(of: 8 << 30) == MemoryLimit.percent(50).bytes(of: 8 << 30))
    }

    @Test func `production needs one variable`() throws {
        let configuration = try load(["AGENT_DATA_ROOT": "/opt/agent-data/"])
        #expect(configuration.zones.codeRepo == "/opt/agent-data/code-repo")
        #expect(configuration.deploy.versions.target == "/opt/agent-data/deployments/current")
        #expect(configuration.data.flag == "/opt/agent-data/deployments/human_approval_required.flag")
        #expect(configuration.data.adminSocket == "/opt/agent-data/deployments/admin/admin.sock")
        #expect(configuration.view.hide.contains("/opt/agent-data/deployments/admin"))
    }

    @Test func `other variables are expanded, and a relative path means one place everywhere`() throws {
        let configuration = try load([
            "HOME": "/home/me", "AGENT_DATA_ROOT": "${HOME}/../data/./root",
            "AGENT_SANDBOX_PATH": "${AGENT_DATA_ROOT}/deep/${NAME}", "NAME": "x",
        ])
        #expect(configuration.data.path == "/home/data/root")
        #expect(configuration.zones.sandbox == "/home/data/root/deep/x")
        let relative = try load(
            ["AGENT_DATA_ROOT": "data", "AGENT_VIEW_HIDE": "${AGENT_DATA_ROOT}/models/private:notes"], in: "/srv")
        #expect(relative.view.hide.prefix(2) == ["/srv/data/models/private", "/srv/notes"])
    }

    @Test func `commands keep what is for the shell`() throws {
        let configuration = try load([
            "AGENT_DATA_ROOT": "/d", "AGENT_DEPLOY_TEST_COMMAND": "cd ${AGENT_SANDBOX_PATH} && X=${Y:-1} echo $X ${HOME} ${",
        ])
        #expect(configuration.deploy.tests.command == "cd /d/sandbox && X=${Y:-1} echo $X ${HOME} ${")
    }

    @Test func `quotas, booleans, users and lists are read in all their forms`() throws {
        let configuration = try load([
            "AGENT_CODE_REPO_QUOTA": "10G,1M", "AGENT_SANDBOX_QUOTA": "none", "AGENT_DEPLOY_REQUIRE_TESTS": "No",
            "AGENT_DEPLOY_TEST_NETWORK": "1", "AGENT_USER": "1000:100", "AGENT_NETWORK": "none",
            "AGENT_PROTECT": "default:secret/*.txt",
            "AGENT_DEPLOY_TEST_SURFACE": "checks/**:a\\:b", "AGENT_DEPLOY_BRANCH": "release/1.x",
            "AGENT_DEPLOY_TEST_REPORT": "./out/junit.xml",
        ])
        #expect(configuration.zones.codeRepoQuota == Quota(bytes: 10 << 30, inodes: 1_000_000))
        #expect(configuration.zones.codeRepoQuota?.description == "10737418240,1000000")
        #expect(configuration.zones.sandboxQuota == nil)
        #expect(!configuration.deploy.tests.required && configuration.deploy.tests.network)
        #expect(configuration.agent.user == "1000:100")
        #expect(configuration.agent.network == .none)
        #expect(configuration.view.protect.first == ".git/hooks")
        #expect(configuration.view.protect.last == "secret/*.txt")
        #expect(configuration.deploy.judge.surface == ["checks/**", "a:b"])
        #expect(configuration.deploy.commits.branch == "release/1.x")
        #expect(configuration.deploy.tests.report == "out/junit.xml")
        #expect(Quota(parsing: "512k") == Quota(bytes: 512 << 10))
        for text in ["", "0", "10X", "-1", "+1", "1G,", ",1M", "1,2,3", "1.5G", "99999999999G"] {
            #expect(Quota(parsing: text) == nil, "\(text)")
        }
    }

    @Test func `an empty list hides and protects nothing but the daemon's own`() throws {
        let configuration = try load([
            "AGENT_VIEW_HIDE": "", "AGENT_PROTECT": "", "AGENT_DEPLOY_BRANCH": "", "AGENT_DATA_ROOT": "/d",
        ])
        #expect(
            configuration.view.hide == [
                "/d/deployments/admin", "/d/deployments/review", "/d/deployments/audit", "/d/deployments/usage",
            ])
        #expect(configuration.view.protect.isEmpty)
        #expect(configuration.deploy.commits.branch == nil)
    }

    @Test func `sources and remotes are addresses or absolute paths`() throws {
        for (text, expected) in [
            ("https://example.org/a.git", "https://example.org/a.git"), ("git@example.org:a.git", "git@example.org:a.git"),
            (".", "/w"),
            ("../b", "/b"), ("/a:b", "/a:b"), ("./a:b", "/w/a:b"),
        ] {
            #expect(try load(["AGENT_CODE_SOURCE": text], in: "/w").zones.source == expected, "\(text)")
        }
    }

    @Test func `other programs' variables are nobody's business`() throws {
        _ = try load(["SSH_AGENT_PID": "1", "PATH": "/bin", "agent_data_root": "x"])
    }

    @Test func `a health URL may name an address and a port`() throws {
        for url in ["http://localhost", "http://localhost:8000/health?x=1#y", "http://[::1]:80/", "http://[::1]"] {
            #expect(try load(["AGENT_DEPLOY_HEALTH_URL": url]).deploy.health.url == url)
        }
    }
}
