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

    private static func write(_ text: String) throws -> String { try write(Array(text.utf8)) }

    private static func write(_ bytes: [UInt8]) throws -> String {
        var template = Array("/tmp/pinfold-configuration-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
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

    /// The value that systemd gives what it starts.
    @Test(
        arguments: [
            ("python3 -m pytest -k 'not slow'", "python3 -m pytest -k 'not slow'"),
            (#"sh -c "kill -HUP 1""#, #"sh -c "kill -HUP 1""#),
            ("Ada's agent", "Ada's agent"), (#""a" "b""#, "ab"), (#""a"b"c""#, #"ab"c""#), (#"'a' b 'c' "#, "ab 'c'"),
            ("'a\\\nb'", "a\\\nb"), ("\"a\\\nb\"", "ab"), ("'one\ntwo'\n", "one\ntwo"), ("a\\\\\\\nb", "a\\b"), (#"a\ "#, "a "),
            ("a \\\n  b \t", "a   b"), (#""\"\\\$\`\n""#, #""\$`\n"#), (#"\"a\"  "#, #""a""#), ("a\\", "a"), ("a # b", "a # b"),
            ("'a'\r\n", "a"), ("\t a\u{301} ", "a\u{301}"), ("\u{301}a", "\u{301}a"), ("a=b", "a=b"), ("''", nil), ("", nil),
        ] as [(String, String?)])
    func `gives a value as systemd gives it`(_ text: String, _ value: String?) throws {
        #expect(try load("AGENT_DEPLOY_TEST_COMMAND=" + text).deploy.tests.command == value)
        #expect(try load("AGENT_DEPLOY_KEEP=3\n AGENT_DEPLOY_TEST_COMMAND =" + text).deploy.tests.command == value)
    }

    @Test func `has a line behind a comment that ends in a backslash only where every systemd reads it`() throws {
        #expect(throws: ConfigurationError.self) { try load("# x \\\nAGENT_DEPLOY_KEEP=3\n") }
        for text in ["# x \\\n\nAGENT_DEPLOY_KEEP=3\n", "# x \\\n# y\nAGENT_DEPLOY_KEEP=3\n", "# x \\\\\nAGENT_DEPLOY_KEEP=3\n"] {
            #expect(try load(text).deploy.versions.keep == 3, "\(text)")
        }
    }

    @Test func `is text in UTF-8 but for its comments`() throws {
        for (bytes, line) in [("# \u{1}\nAGENT_DATA_ROOT=/\u{1}\n", "line 2"), ("PATH=\u{1}\n", "line 1"), ("# \u{1}\n", nil)] {
            let path = try Self.write(bytes.utf8.map { $0 == 1 ? 0xFF : $0 })
            defer { unsafe unlink(path) }
            do {
                _ = try Configuration.load(environment: [:], file: path, workingDirectory: "/w")
                #expect(line == nil)
            } catch {
                #expect(line.map { error.description.contains($0) && error.description.contains("not UTF-8") } == true, "\(error)")
            }
        }
    }

    @Test func `says which line is wrong`() {
        for (text, says) in [
            ("AGENT_NETWORK", "line 1"), ("\n# x\nAGENT_NETWORK='none\n", "line 3"), ("A B=1", "line 1"),
            ("AGENT_NETWORK=none\nAGENT_NETWORK=host\n", "twice"), ("AGENT_NETWRK=none", "AGENT_NETWORK"),
            ("AGENT_USER=root", "never"), ("AGENT_NETWORK='none' 'x\n\n\n", "line 1"), ("A=1\n=2", "line 2"), ("1A=1", "line 1"),
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
