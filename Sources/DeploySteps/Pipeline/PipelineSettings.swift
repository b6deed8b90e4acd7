internal import Fence
internal import GitRepository

package import DeployModel

/// What the admin decided about deployments: values only, made by the executable from the configuration. Paths are absolute.
package struct PipelineSettings: Sendable {
    package var codeRepo: String
    /// The daemon's own directory, `…/deployments`: nobody else writes in it.
    package var deployments: String
    /// What the running server runs from: a symlink that is switched, nothing yet, or an existing directory that is brought up to date in place.
    package var target: String
    /// nil: the branch that `pinfold init` cloned, else the one that `code-repo` is on at the daemon's first start.
    package var branch: String?
    package var gitUserName: String
    package var gitUserEmail: String
    /// `uid`, `uid:gid` or a name: whom tests, builds and everything that reads the agent's `.git` run as.
    package var agentUID: UInt32
    package var agentGID: UInt32
    /// For USER and LOGNAME; nil where the uid has no entry.
    package var agentName: String?

    /// What is wrong with the configuration of now, where these are the settings of a daemon that died: what it was in the middle of is brought
    /// to its end, people are answered, and nothing new is started.
    package var configurationFault: String?

    package var requireTests = true
    package var requireApproval = true
    /// Whether tests that have passed are run once more, each made to fail.
    package var bites = true
    /// Seconds.
    package var testTimeout = 300
    package var testCommand: String?
    /// Relative to the tested tree.
    package var testReport: String?
    /// What judges the agent.
    package var testSurface = TestSurface.builtIn
    package var testNetwork = false
    /// What a test or a build may use of the memory in sum; nil for no limit.
    package var testMemoryBytes: UInt64?
    /// Files and directories beside the system's that tests and builds may read.
    package var testRead: [String] = []
    /// Patterns of what does not exist for the agent (AGENT_VIEW_HIDE), and so for nothing that runs its code.
    package var hide: [String] = []
    package var keep = 10
    /// Bytes of the largest file of a commit that is taken in.
    package var fileLimit = IntakeLimits().blobBytes
    package var buildCommand: String?
    package var reloadCommand: String?
    package var healthCommand: String?
    package var healthURL: String?
    /// How long health has to last, in milliseconds, and how long the first good answer may take.
    package var healthSoak = 2000
    package var healthPatience = 10_000
    /// How long between two looks afterwards, in milliseconds, and what becomes of a server that falls ill then.
    package var healthInterval = 10_000
    package var illness = Illness.tell
    /// When a run is let finish though newer commits have come.
    package var letFinish = LetFinish()
    package var pushRemote: String?
    /// For `ssh` and `https` remotes: files that only root can read.
    package var pushSSHKey: String?
    package var pushKnownHosts: String?
    package var pushCredentialFile: String?

    package init(
        codeRepo: String, deployments: String, target: String, branch: String? = nil, gitUserName: String = "Agent",
        gitUserEmail: String = "agent@localhost", agentUID: UInt32, agentGID: UInt32
    ) {
        self.codeRepo = codeRepo
        self.deployments = deployments
        self.target = target
        self.branch = branch
        self.gitUserName = gitUserName
        self.gitUserEmail = gitUserEmail
        self.agentUID = agentUID
        self.agentGID = agentGID
    }
}

/// What becomes of a server that falls ill after its deployment succeeded.
package enum Illness: Hashable, Sendable {
    /// The status and the log say so.
    case tell
    /// The last good version before it comes back, once.
    case rollback
    /// Nobody looks.
    case ignore
}

/// A newer commit calls off the run of an older one, until so many in a row have been called off over so long, or until the first of them is so
/// long ago.
package struct LetFinish: Hashable, Sendable {
    package var runs = 5
    package var milliseconds: Int64 = 10_000
    package var atLatest: Int64 = 600_000

    package init() {}
}

extension PipelineSettings {
    /// Whether there is anything by which a server's health can be told.
    package var hasHealthCheck: Bool { healthCommand != nil || healthURL != nil }
    /// Whom whatever reads or runs what the agent wrote runs as.
    var agent: FenceUser { FenceUser(uid: agentUID, gid: agentGID, name: agentName) }

    package var releases: String { deployments + "/releases" }
    package var backups: String { deployments + "/backups" }
    package var mirror: String { deployments + "/repo.git" }
    package var logs: String { deployments + "/logs" }
    package var work: String { deployments + "/work" }
    /// The directories that the daemon keeps, with what others may do there at most.
    package var directories: [(path: String, mode: UInt32)] {
        [(deployments, 0o755), (releases, 0o755), (backups, 0o700), (logs, 0o755), (work, 0o700)]
    }
    package var statusFile: String { deployments + "/status.json" }
    package var flagFile: String { deployments + "/human_approval_required.flag" }
    package var database: String { deployments + "/history.sqlite" }
    package var lockFile: String { deployments + "/deployd.lock" }
    /// The commit that the admin began with, written by `pinfold init`: the first deployment is compared with it.
    package var baselineFile: String { deployments + "/baseline" }
    /// The branch that the admin began with, written by `pinfold init`.
    package var branchFile: String { deployments + "/branch" }
}
