internal import DataRoot
package import ZonePolicy

/// The root of all data.
struct DataTopic: Topic {
    let root: DataRoot

    static let variables = [Variable("AGENT_DATA_ROOT", .path, default: "./\(DataRoot.usualName)", "Root of all agent data")]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        root = DataRoot(try reader.path("AGENT_DATA_ROOT"))
    }
}

/// The agent's two directories.
package struct ZoneSettings: Hashable, Sendable, Topic {
    package var codeRepo: String
    package var sandbox: String
    package var codeRepoQuota: Quota?
    package var sandboxQuota: Quota?
    /// What is asked for; nil for direct where the machine can and served where it cannot.
    package var sandboxAccess: ZoneAccess?
    /// What `pinfold init` clones: a URL or an absolute path; nil for the working directory's repository.
    package var source: String?

    static let variables = [
        Variable(
            "AGENT_CODE_REPO_PATH", .path, default: DataRoot("${AGENT_DATA_ROOT}").codeRepo,
            "The git repository that the agent may write: a zone"),
        Variable(
            "AGENT_SANDBOX_PATH", .path, default: DataRoot("${AGENT_DATA_ROOT}").sandbox, "The agent's free playground: a zone"),
        Variable("AGENT_CODE_REPO_QUOTA", .quota, default: nil, "What code-repo may use of the disk"),
        Variable("AGENT_SANDBOX_QUOTA", .quota, default: nil, "What sandbox may use of the disk"),
        Variable(
            "AGENT_SANDBOX_ACCESS", .access, default: nil, note: "`direct` where it can be had, else `served`",
            "Who answers in sandbox: the kernel, directly, or the gateway"),
        Variable(
            "AGENT_CODE_SOURCE", .repository, default: nil, note: "the working directory's repository",
            "The repository that `pinfold init` clones into code-repo"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        codeRepo = try reader.path("AGENT_CODE_REPO_PATH")
        sandbox = try reader.path("AGENT_SANDBOX_PATH")
        codeRepoQuota = try reader.quota("AGENT_CODE_REPO_QUOTA")
        sandboxQuota = try reader.quota("AGENT_SANDBOX_QUOTA")
        sandboxAccess = try reader.access("AGENT_SANDBOX_ACCESS")
        source = try reader.repository("AGENT_CODE_SOURCE")
    }
}
