internal import DeployModel

extension CommitSettings: Topic {
    static let variables = [
        Variable("AGENT_GIT_USER_NAME", .text, default: "Agent", "Name on the agent's commits"),
        Variable("AGENT_GIT_USER_EMAIL", .text, default: "agent@localhost", "E-mail address on the agent's commits"),
        Variable(
            "AGENT_DEPLOY_BRANCH", .branch, default: nil, note: "the branch that code-repo had when cloned",
            "The branch whose commits deploy"),
        Variable("AGENT_DEPLOY_FILE_LIMIT", .bytes(1 << 20...2 << 30), default: "256M", "The largest file that a commit may have"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        userName = try reader.identity("AGENT_GIT_USER_NAME")
        userEmail = try reader.identity("AGENT_GIT_USER_EMAIL")
        branch = try reader.branch("AGENT_DEPLOY_BRANCH")
        fileLimit = try reader.bytes("AGENT_DEPLOY_FILE_LIMIT")
    }
}
