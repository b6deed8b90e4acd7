internal import DeployModel

extension JudgeSettings: Topic {
    static let variables = [
        Variable("AGENT_DEPLOY_TEST_SURFACE", .treePatterns, default: nil, "Files that judge the agent, beside the built-in ones"),
        Variable(
            "AGENT_REQUIRE_HUMAN_APPROVAL_FOR_TEST_CHANGES", .boolean, default: "true",
            "Whether a change of what judges the agent waits for a human"),
        Variable(
            "AGENT_DEPLOY_JUDGE", .boolean, default: "true",
            "Whether tests that have passed run once more, each made to fail, to see whether they notice"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        surface = try reader.patterns("AGENT_DEPLOY_TEST_SURFACE", default: [])
        requiresApproval = try reader.boolean("AGENT_REQUIRE_HUMAN_APPROVAL_FOR_TEST_CHANGES")
        bites = try reader.boolean("AGENT_DEPLOY_JUDGE")
    }
}
