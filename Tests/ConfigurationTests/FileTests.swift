import DataRoot
import DeployModel
import Glibc
import PinfoldConfiguration
import Testing

@Suite struct `The configuration file` {
    /// Reads `text` as a configuration file, above it `environment`.
    private func load(_ text: String, _ environment: [String: String] = [:], overrides: [String: String] = [:]) throws
        -> Configuration
    {
        let path = try Self.write(text)
        defer { unsafe unlink(path) }
        return try Configuration.load(environment: environment, file: path, overrides: overrides, workingDirectory: "/w")
    }

    private static func write(_ text: String) throws -> String {
        var template = Array("/tmp/pinfold-configuration-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
        try #require(written == bytes.count)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `stands below the environment, and flags above both`() throws {
        let text = "AGENT_DATA_ROOT=/file\nAGENT_DEPLOY_KEEP=3\nAGENT_NETWORK=none\n"
        let configuration = try load(
            text, ["AGENT_DATA_ROOT": "/environment", "AGENT_DEPLOY_KEEP": "4"], overrides: ["AGENT_DEPLOY_KEEP": "5"])
        #expect(configuration.data.path == "/environment")
        #expect(configuration.agent.network == .none)
        #expect(configuration.deploy.versions.keep == 5)
        let origins = Dictionary(uniqueKeysWithValues: configuration.settings.map { ($0.variable.name, $0.origin) })
        #expect(origins["AGENT_DATA_ROOT"] == .environment)
        #expect(origins["AGENT_DEPLOY_KEEP"] == .flag)
        #expect(origins["AGENT_USER"] == .standard)
        guard case .file = origins["AGENT_NETWORK"] else {
            Issue.record("\(String(describing: origins["AGENT_NETWORK"]))")
            return
        }
    }

    @Test func `is read as systemd reads it`() throws {
        let configuration = try load(
            """
            # a comment
            ; another

              AGENT_GIT_USER_NAME = "Agent \\"Smith\\" of 5\\n"
            AGENT_GIT_USER_EMAIL='a@b'\r
            AGENT_DEPLOY_TEST_COMMAND=make \\
            test
            AGENT_DATA_ROOT=${BASE}/data
            BASE=/srv
            LANG=C
            """)
        #expect(configuration.deploy.commits.userName == "Agent \"Smith\" of 5\\n")
        #expect(configuration.deploy.commits.userEmail == "a@b")
        #expect(configuration.deploy.tests.command == "make test")
        #expect(configuration.data.path == "/srv/data")
    }

    @Test func `says which line is wrong`() {
        for (text, says) in [
            ("AGENT_NETWORK", "line 1"), ("\n# x\nAGENT_NETWORK='none\n", "line 3"), ("A B=1", "line 1"),
            ("AGENT_NETWORK=none\nAGENT_NETWORK=host\n", "twice"), ("AGENT_NETWRK=none", "AGENT_NETWORK"),
            ("AGENT_USER=root", "never"),
        ] {
            let error = #expect(throws: ConfigurationError.self, "\(text)") { try load(text) }
            #expect(error?.description.contains(says) == true, "\(String(describing: error))")
        }
    }

    @Test func `must be a file that can be read`() {
        for path in ["/nonexistent/pinfold.conf", "/tmp", "/dev/zero"] {
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.load(environment: [:], file: path, workingDirectory: "/")
            }
            #expect(error?.description.contains(path) == true)
        }
    }
}
