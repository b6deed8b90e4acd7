import DataRoot
import PinfoldConfiguration
import Testing

@Suite struct `A value that cannot be used` {
    @Test func `is named with what would have been accepted`() {
        let table: [(name: String, value: String, says: String)] = [
            ("AGENT_DATA_ROOT", "", "empty"), ("AGENT_DATA_ROOT", "~/data", "${HOME}"),
            ("AGENT_DATA_ROOT", "${AGENT_SANDBOX_PATH}/x", "itself"),
            ("AGENT_DATA_ROOT", "${NOWHERE}/x", "not set"), ("AGENT_DATA_ROOT", "${HOME", "without"),
            ("AGENT_DATA_ROOT", "${AGENT_DATAROOT}", "AGENT_DATA_ROOT"),
            ("AGENT_DEPLOY_REQUIRE_TESTS", "maybe", "true or false"), ("AGENT_DEPLOY_TEST_TIMEOUT", "5m", "whole number"),
            ("AGENT_DEPLOY_TEST_TIMEOUT", "0", "from 1 to 604800"),
            ("AGENT_DEPLOY_TEST_TIMEOUT", "99999999999999999999", "whole number"),
            ("AGENT_DEPLOY_KEEP", "-3", "from 1 to 10000"), ("AGENT_NETWORK", "bridge", "host or none"),
            ("AGENT_MEMORY", "", "empty"), ("AGENT_MEMORY", "0", "64M"), ("AGENT_MEMORY", "1M", "64M"),
            ("AGENT_MEMORY", "101%", "none"),
            ("AGENT_DEPLOY_TEST_MEMORY", "4 G", "none"), ("AGENT_DEPLOY_TEST_READ", "/", "something of its own"),
            ("AGENT_DEPLOY_TEST_READ", "/srv/x:/proc/1", "something of its own"),
            ("AGENT_DEPLOY_TEST_READ", "/var", "something of its own"),
            ("AGENT_CODE_REPO_QUOTA", "ten", "10G,1M"), ("AGENT_SANDBOX_QUOTA", "0", "10G,1M"), ("AGENT_USER", "root", "never"),
            ("AGENT_USER", "0", "never"), ("AGENT_USER", "0:1000", "never"), ("AGENT_USER", "1000:0", "root's group"),
            ("AGENT_USER", "", "empty"), ("AGENT_USER", "4294967295", "uid"), ("AGENT_VIEW_HIDE", "/etc/[a", "without"),
            ("AGENT_VIEW_HIDE", "**", "everything"), ("AGENT_PROTECT", "a/../b", ".."), ("AGENT_DEPLOY_BRANCH", "a..b", "branch"),
            ("AGENT_DEPLOY_BRANCH", "-x", "branch"), ("AGENT_DEPLOY_BRANCH", "a b", "branch"),
            ("AGENT_DEPLOY_TEST_REPORT", "/tmp/x", "absolute"), ("AGENT_DEPLOY_TEST_REPORT", "a/../x", "`..`"),
            ("AGENT_DEPLOY_TEST_REPORT", "**", "everything"), ("AGENT_DEPLOY_TEST_REPORT", "./", "the tree itself"),
            ("AGENT_DEPLOY_TEST_REPORT", "t/[a", "without"), ("AGENT_DEPLOY_HEALTH_URL", "localhost:80", "http://"),
            ("AGENT_DEPLOY_HEALTH_URL", "file:///etc/passwd", "http://"), ("AGENT_DEPLOY_HEALTH_URL", "http://:80/", "host"),
            ("AGENT_DEPLOY_HEALTH_URL", "https://localhost/", "AGENT_DEPLOY_HEALTH_COMMAND"),
            ("AGENT_DEPLOY_HEALTH_URL", "http://me:secret@localhost/", "password"),
            ("AGENT_DEPLOY_HEALTH_URL", "http://h:0/", "port"),
            ("AGENT_DEPLOY_HEALTH_URL", "http://h:80a/", "port"), ("AGENT_DEPLOY_HEALTH_URL", "http://[::1]x/", "port"),
            ("AGENT_DEPLOY_HEALTH_TIMEOUT", "0", "from 1 to 86400"), ("AGENT_DEPLOY_HEALTH_SOAK", "2s", "whole number"),
            ("AGENT_DEPLOY_HEALTH_WATCH", "reload", "tell, rollback, ignore"), ("AGENT_DEPLOY_HEALTH_INTERVAL", "", "empty"),
            ("AGENT_GIT_USER_NAME", "A <b>", "author"),
            ("AGENT_GIT_USER_EMAIL", "a\nb", "author"), ("AGENT_DEPLOY_PUSH_REMOTE", "--upload-pack=x", "URL"),
        ]
        for row in table {
            let error = #expect(throws: ConfigurationError.self, "\(row.name)=\(row.value)") { try load([row.name: row.value]) }
            let text = error?.description ?? ""
            #expect(text.hasPrefix(row.name), "\(text)")
            #expect(text.contains(row.says), "\(text)")
            #expect(!text.contains("\n"), "\(text)")
        }
    }

    @Test func `an unknown name is refused wherever it stands, with the one that was meant`() {
        for (name, meant) in [
            ("AGENT_DATAROOT", "AGENT_DATA_ROOT"), ("AGENT_SANDBOX", "AGENT_SANDBOX_PATH"),
            ("AGENT_DEPLOY_TIMEOUT", "AGENT_DEPLOY_TEST_TIMEOUT"),
            ("AGENT_HIDE", "AGENT_VIEW_HIDE"),
        ] {
            for error in [
                #expect(throws: ConfigurationError.self) { try load([name: "x"]) },
                #expect(throws: ConfigurationError.self) { try load(overrides: [name: "x"]) },
            ] {
                #expect(error?.variable == name)
                #expect(error?.accepted?.contains(meant) == true, "\(name): \(String(describing: error))")
            }
        }
        let far = #expect(throws: ConfigurationError.self) { try load(["AGENT_ZZZZZZZZZZZZ": "x"]) }
        #expect(far?.accepted?.contains("AGENT_DEPLOY_KEEP") == true)
    }

    @Test func `paths that make the agent master of what judges it are refused`() {
        for environment in [
            ["AGENT_VIEW_SOURCE": "/srv"], ["AGENT_DATA_ROOT": "/d", "AGENT_VIEW_SOURCE": "/d/sandbox"],
            ["AGENT_SANDBOX_PATH": "${AGENT_CODE_REPO_PATH}/x"], ["AGENT_CODE_REPO_PATH": "${AGENT_SANDBOX_PATH}"],
            ["AGENT_DEPLOY_TARGET": "${AGENT_CODE_REPO_PATH}"], ["AGENT_DEPLOY_TARGET": "${AGENT_SANDBOX_PATH}/run"],
            ["AGENT_CODE_REPO_PATH": "${AGENT_DATA_ROOT}"], ["AGENT_SANDBOX_PATH": "${AGENT_DATA_ROOT}/deployments/x"],
            ["AGENT_VIEW_MOUNTPOINT": "${AGENT_SANDBOX_PATH}/view"], ["AGENT_DEPLOY_CLIENT_PUBLIC": "${AGENT_SANDBOX_PATH}/www"],
            ["AGENT_DEPLOY_CLIENT_PUBLIC": "${AGENT_CODE_REPO_PATH}"],
        ] {
            #expect(throws: ConfigurationError.self, "\(environment)") { try load(environment) }
        }
    }

    @Test(arguments: ["AGENT_DEPLOY_TARGET", "AGENT_DEPLOY_CLIENT_PUBLIC"])
    func `a path that would have a commit written over what Pinfold keeps is refused`(_ name: String) throws {
        let data = DataRoot("/srv/data")
        let other = name == "AGENT_DEPLOY_TARGET" ? data.client : data.current
        for path in data.kept + [other, data.mirror + "/refs", data.deployments, data.path, "/srv", "/"] {
            let error = #expect(throws: ConfigurationError.self, "\(path)") {
                try load(["AGENT_DATA_ROOT": data.path, name: path])
            }
            #expect(error?.variable == name, "\(path)")
        }
        let own = name == "AGENT_DEPLOY_TARGET" ? data.current : data.client
        for path in [own, "/srv/server", data.path + "/server", data.deployments + "/currently", data.deployments + "/client-old"] {
            _ = try load(["AGENT_DATA_ROOT": data.path, name: path])
        }
    }

    @Test func `never steers a terminal`() {
        let error = #expect(throws: ConfigurationError.self) { try load(["AGENT_NETWORK": "\u{1b}[2Jx\u{9b}\u{202e}"]) }
        #expect(error?.description.contains("\u{1b}") == false)
        #expect(error?.description.contains("\\u{1b}") == true)
        #expect(error?.description.contains("\u{202e}") == false)
    }
}
