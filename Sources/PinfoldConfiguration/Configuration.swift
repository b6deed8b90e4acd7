/// Everything that the admin decides, read once at start: environment over configuration file over defaults, flags above all.
///
/// Paths are absolute, `${…}` is expanded, values have been checked; what only the disk can tell (is it a directory, does the user exist)
/// is checked by whoever needs it.
package struct Configuration: Sendable {
    package var dataRoot: String
    package var codeRepo: String
    package var sandbox: String
    /// The tree that the view presents.
    package var viewSource: String
    package var viewMountpoint: String
    /// Patterns of names that do not exist in the view: absolute, or beginning with `**/` for any depth outside the zones. Those that nobody
    /// can switch off are among them.
    package var hide: [String]
    /// Patterns of names that cannot be touched in zones: absolute, or floating at any depth of code-repo.
    package var protect: [String]
    /// As it was given: a name, `uid` or `uid:gid`. `agent()` resolves it.
    package var agentUser: String
    package var network: Network
    /// What everything that the agent runs may use of the machine's memory in sum.
    package var memory: MemoryLimit
    package var codeRepoQuota: Quota?
    package var sandboxQuota: Quota?
    /// What `pinfold init` clones: a URL or an absolute path; nil for the working directory's repository.
    package var codeSource: String?
    package var gitUserName: String
    package var gitUserEmail: String
    package var deploy: DeploySettings
    /// Each variable with the text of its value and where that came from, in the order of `Variable.all`.
    package var settings: [Setting]

    /// Whether any zone has one: then what they hold is counted.
    package var hasQuota: Bool { codeRepoQuota != nil || sandboxQuota != nil }

    /// Files and directories that follow from the data root.
    package var paths: DataPaths { DataPaths(dataRoot: dataRoot) }

    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - environment: this process's environment; every `AGENT_*` name in it must be known.
    ///   - file: path of a file of `NAME=value` lines below the environment, or nil.
    ///   - overrides: flags, by the name of the variable that they stand for.
    ///   - workingDirectory: absolute; relative paths start here, or in `/` if it is empty.
    /// - Throws: the first error found, which names the variable, its value and what would have been accepted.
    package static func load(
        environment: [String: String], file: String?, overrides: [String: String] = [:], workingDirectory: String
    ) throws(ConfigurationError) -> Configuration {
        let lines = if let file { try ConfigurationFile.read(file) } else { [:] as [String: String] }
        return try Configuration(
            ValueSource(
                environment: environment, file: lines, fileName: file, overrides: overrides, workingDirectory: workingDirectory))
    }

    /// What flags and environment say of one path, whatever is wrong with the rest; the default where they say nothing, nil where that is wrong too.
    package static func path(
        _ variable: String, environment: [String: String], overrides: [String: String], workingDirectory: String
    ) -> String? {
        let source = try? ValueSource(
            environment: environment.filter { !$0.key.hasPrefix("AGENT_") || Variable.named($0.key) != nil }, file: [:],
            fileName: nil,
            overrides: overrides.filter { Variable.named($0.key) != nil }, workingDirectory: workingDirectory)
        guard let source else { return nil }
        var reader = ValueReader(source)
        return try? reader.path(variable)
    }
}

/// How a commit becomes the running version.
package struct DeploySettings: Sendable, Hashable {
    /// The branch whose commits deploy; nil for the one that code-repo had when it was cloned.
    package var branch: String?
    /// What the running server runs from.
    package var target: String
    package var requireTests: Bool
    /// Seconds.
    package var testTimeout: Int
    /// Whether a change of what judges the agent waits for a human.
    package var requireApproval: Bool
    /// For `sh -c`; nil to find one by kind of project.
    package var testCommand: String?
    /// Path of a JUnit XML report, relative to the tested tree.
    package var testReport: String?
    /// Patterns of the tree's files that judge the agent, beside the built-in ones; relative to the tree, at any depth unless with a slash in front.
    package var testSurface: [String]
    /// Whether tests that have passed are run once more, each made to fail.
    package var judge: Bool
    package var testNetwork: Bool
    /// What a test or a build may use of the machine's memory in sum.
    package var testMemory: MemoryLimit
    /// Files and directories beside the system's that tests and builds may read. Absolute.
    package var testRead: [String]
    /// How many backups and releases to keep.
    package var keep: Int
    /// Bytes of the largest file of a commit that is taken in.
    package var fileLimit: Int
    package var buildCommand: String?
    package var reloadCommand: String?
    package var healthCommand: String?
    package var healthURL: String?
    /// Seconds.
    package var healthTimeout: Int
    package var healthSoak: Int
    package var healthInterval: Int
    package var illness: Illness
    package var pushRemote: String?
}

/// The agent's network.
package enum Network: String, Sendable, Hashable, CaseIterable {
    case host, none
}

/// What becomes of a server that falls ill after its deployment succeeded.
package enum Illness: String, Sendable, Hashable, CaseIterable {
    /// The status and the log say so.
    case tell
    /// The last good version before it comes back.
    case rollback
    /// Nobody looks.
    case ignore
}

/// Where things are below the data root.
package struct DataPaths: Sendable, Hashable {
    package let dataRoot: String

    package init(dataRoot: String) {
        self.dataRoot = dataRoot
    }

    package var deployments: String { dataRoot + "/deployments" }
    package var releases: String { deployments + "/releases" }
    package var backups: String { deployments + "/backups" }
    /// The daemon's own bare mirror.
    package var repoGit: String { deployments + "/repo.git" }
    package var logs: String { deployments + "/logs" }
    /// `status.json`.
    package var status: String { deployments + "/status.json" }
    /// `human_approval_required.flag`.
    package var flag: String { deployments + "/human_approval_required.flag" }
    package var history: String { deployments + "/history.sqlite" }
    /// Mode 0700, root's; hidden in the view.
    package var adminDirectory: String { deployments + "/admin" }
    /// Mode 0700, root's; hidden in the view: what the agent changed and was refused.
    package var auditDirectory: String { deployments + "/audit" }
    /// Mode 0700, root's; hidden in the view: what the zones hold of their quotas.
    package var usageDirectory: String { deployments + "/usage" }
    package var adminSocket: String { adminDirectory + "/admin.sock" }
    /// The one directory with a socket that `pinfold run` binds into the agent's root.
    package var agentDirectory: String { deployments + "/agent" }
    package var agentSocket: String { agentDirectory + "/deploy.sock" }
    /// What the server writes and the agent reads, as the seed lays it out.
    package var serverData: [String] { ["models", "logs", "generated_images", "conversations"].map { dataRoot + "/" + $0 } }
}
