extension Variable {
    /// Every variable there is, in the order in which documents show them.
    package static let all: [Variable] = [
        Variable("AGENT_DATA_ROOT", .path, default: "./agent-data", "Root of all agent data"),
        Variable(
            "AGENT_CODE_REPO_PATH", .path, default: "${AGENT_DATA_ROOT}/code-repo",
            "The git repository that the agent may write: a zone"),
        Variable("AGENT_SANDBOX_PATH", .path, default: "${AGENT_DATA_ROOT}/sandbox", "The agent's free playground: a zone"),
        Variable("AGENT_GIT_USER_NAME", .text, default: "Agent", "Name on the agent's commits"),
        Variable("AGENT_GIT_USER_EMAIL", .text, default: "agent@localhost", "E-mail address on the agent's commits"),
        Variable("AGENT_DEPLOY_REQUIRE_TESTS", .boolean, default: "true", "Whether a commit deploys only after its tests passed"),
        Variable(
            "AGENT_DEPLOY_TEST_TIMEOUT", .number(1...604_800), default: "300",
            "Seconds that the tests may take before they are ended"),
        Variable(
            "AGENT_REQUIRE_HUMAN_APPROVAL_FOR_TEST_CHANGES", .boolean, default: "true",
            "Whether a change of what judges the agent waits for a human"),
        Variable("AGENT_VIEW_SOURCE", .path, default: "/", "The tree that the view presents"),
        Variable("AGENT_VIEW_MOUNTPOINT", .path, default: "/run/pinfold/view", "Where the view is mounted"),
        Variable(
            "AGENT_VIEW_HIDE", .hidePatterns, default: "default", note: "the list below", "Paths that do not exist in the view"),
        Variable(
            "AGENT_PROTECT", .protectPatterns, default: "default", note: "the list below",
            "Names that cannot be created, changed, removed, renamed or linked inside a zone"),
        Variable("AGENT_USER", .user, default: "pinfold-agent", "Whom the agent, its tests and its builds run as"),
        Variable("AGENT_NETWORK", .network, default: "host", "The agent's network: the host's, or none"),
        Variable("AGENT_MEMORY", .memory, default: "50%", "What everything that the agent runs may use of the memory, in sum"),
        Variable("AGENT_CODE_REPO_QUOTA", .quota, default: nil, "What code-repo may use of the disk"),
        Variable("AGENT_SANDBOX_QUOTA", .quota, default: nil, "What sandbox may use of the disk"),
        Variable(
            "AGENT_CODE_SOURCE", .repository, default: nil, note: "the working directory's repository",
            "The repository that `pinfold init` clones into code-repo"),
        Variable(
            "AGENT_DEPLOY_BRANCH", .branch, default: nil, note: "the branch that code-repo had when cloned",
            "The branch whose commits deploy"),
        Variable(
            "AGENT_DEPLOY_TARGET", .path, default: "${AGENT_DATA_ROOT}/deployments/current", "What the running server runs from"),
        Variable(
            "AGENT_DEPLOY_TEST_COMMAND", .command, default: nil, note: "found by kind of project; `pinfold doctor` prints it",
            "Run by `sh -c` in the exported commit to test it"),
        Variable(
            "AGENT_DEPLOY_TEST_REPORT", .reportPlace, default: nil,
            "JUnit XML that the test command writes: a file, a directory or a pattern"),
        Variable("AGENT_DEPLOY_TEST_SURFACE", .treePatterns, default: nil, "Files that judge the agent, beside the built-in ones"),
        Variable(
            "AGENT_DEPLOY_JUDGE", .boolean, default: "true",
            "Whether tests that have passed run once more, each made to fail, to see whether they notice"),
        Variable("AGENT_DEPLOY_TEST_NETWORK", .boolean, default: "false", "Whether tests may use the network"),
        Variable(
            "AGENT_DEPLOY_TEST_MEMORY", .memory, default: "50%", "What a test or a build may use of the memory, in sum"),
        Variable(
            "AGENT_DEPLOY_TEST_READ", .readablePaths, default: nil,
            "What tests and builds may read beside the system: an environment, a model"),
        Variable("AGENT_DEPLOY_KEEP", .number(1...10_000), default: "10", "How many backups and releases to keep"),
        Variable("AGENT_DEPLOY_FILE_LIMIT", .bytes(1 << 20...2 << 30), default: "256M", "The largest file that a commit may have"),
        Variable("AGENT_DEPLOY_BUILD_COMMAND", .command, default: nil, "Builds the client before the switch"),
        Variable("AGENT_DEPLOY_RELOAD_COMMAND", .command, default: nil, "Makes the server take the new version"),
        Variable("AGENT_DEPLOY_HEALTH_COMMAND", .command, default: nil, "Exits 0 if the server is healthy"),
        Variable("AGENT_DEPLOY_HEALTH_URL", .webAddress, default: nil, "Answers 200 to 399 if the server is healthy"),
        Variable(
            "AGENT_DEPLOY_HEALTH_TIMEOUT", .number(1...86_400), default: "10",
            "Seconds that a server may take for its first good answer, and later be without one before it counts as ill"),
        Variable(
            "AGENT_DEPLOY_HEALTH_SOAK", .number(0...86_400), default: "2",
            "Seconds that it has to stay good before the deployment has succeeded"),
        Variable(
            "AGENT_DEPLOY_HEALTH_WATCH", .illness, default: "tell",
            "What becomes of a server that falls ill afterwards: it is told of, or the last good version comes back, or nobody looks"
        ),
        Variable(
            "AGENT_DEPLOY_HEALTH_INTERVAL", .number(1...86_400), default: "10",
            "Seconds between two looks at the health of a server that runs"),
        Variable("AGENT_DEPLOY_PUSH_REMOTE", .remote, default: nil, "Where a successful deploy is pushed to"),
    ]

    package static func named(_ name: String) -> Variable? { all.first { $0.name == name } }

    /// The known name that `name` may have been meant to be: few letters differ, or one is the other's beginning or end.
    package static func likely(for name: String) -> Variable? {
        if let close = closest(to: name, among: all.map(\.name)) { return named(close) }
        return all.first {
            name.count > 8 && ($0.name.hasPrefix(name) || name.hasPrefix($0.name) || $0.name.hasSuffix(name.dropFirst(6)))
        }
    }
}
