internal import DeployModel

extension TestSettings: Topic {
    static let variables = [
        Variable("AGENT_DEPLOY_REQUIRE_TESTS", .boolean, default: "true", "Whether a commit deploys only after its tests passed"),
        Variable(
            "AGENT_DEPLOY_TEST_TIMEOUT", .number(1...604_800), default: "300",
            "Seconds that the tests may take before they are ended"),
        Variable(
            "AGENT_DEPLOY_TEST_COMMAND", .command, default: nil, note: "found by kind of project; `pinfold doctor` prints it",
            "Run by `sh -c` in the exported commit to test it"),
        Variable(
            "AGENT_DEPLOY_TEST_REPORT", .reportPattern, default: nil,
            "JUnit XML that the test command writes: a file, a directory or a pattern"),
        Variable("AGENT_DEPLOY_TEST_NETWORK", .boolean, default: "false", "Whether tests may use the network"),
        Variable(
            "AGENT_DEPLOY_TEST_MEMORY", .memory, default: "50%", "What a test or a build may use of the memory, in sum"),
        Variable(
            "AGENT_DEPLOY_TEST_READ", .readablePaths, default: nil,
            "What tests and builds may read beside the system: an environment, a model"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        required = try reader.boolean("AGENT_DEPLOY_REQUIRE_TESTS")
        timeout = try reader.number("AGENT_DEPLOY_TEST_TIMEOUT")
        command = try reader.command("AGENT_DEPLOY_TEST_COMMAND")
        report = try reader.reportPattern("AGENT_DEPLOY_TEST_REPORT")
        network = try reader.boolean("AGENT_DEPLOY_TEST_NETWORK")
        memory = try reader.memory("AGENT_DEPLOY_TEST_MEMORY")
        read = try reader.readable("AGENT_DEPLOY_TEST_READ")
    }
}
