internal import Fence

package import DataRoot
package import DeployModel
package import LinuxSystem
package import Patterns

/// What the pipeline works with: the admin's decisions, and what the machine says of them. Values only, made by the executable. What was decided
/// is reached as if it were this value's own: `settings.tests.timeout`. Paths are absolute.
@dynamicMemberLookup
package struct PipelineSettings: Sendable {
    package var deploy: DeploySettings
    package var data: DataRoot
    package var codeRepo: String
    /// Whom tests, builds and everything that reads the agent's `.git` run as.
    package var agentUID: UInt32
    package var agentGID: UInt32
    /// For USER and LOGNAME; nil where the uid has no entry.
    package var agentName: String?
    /// Patterns of what does not exist for the agent (AGENT_VIEW_HIDE), and so for nothing that runs its code.
    package var hide: [String] = []
    /// What judges the agent, as far as names say it.
    package let surface: TestSurface
    /// Who may answer; read each time that it matters. Without one root alone may.
    package var policy = PolicyFile(nil)
    /// What is wrong with the configuration of now, where these are the settings of a daemon that died: what it was in the middle of is brought
    /// to its end, people are answered, and nothing new is started.
    package var configurationFault: String?

    /// Where Pinfold's programs lie: beside this one.
    package var programs = ProgramDirectory.own

    /// - Throws: where a pattern of what judges the agent cannot be read.
    package init(
        _ deploy: DeploySettings, data: DataRoot, codeRepo: String, agentUID: UInt32, agentGID: UInt32
    ) throws(GlobError) {
        self.deploy = deploy
        self.data = data
        self.codeRepo = codeRepo
        self.agentUID = agentUID
        self.agentGID = agentGID
        surface = try TestSurface(additional: deploy.judge.surface)
    }

    package subscript<Value>(dynamicMember path: WritableKeyPath<DeploySettings, Value>) -> Value {
        get { deploy[keyPath: path] }
        set { deploy[keyPath: path] = newValue }
    }
}

extension PipelineSettings {
    /// Whom whatever reads or runs what the agent wrote runs as.
    var agent: FenceUser { FenceUser(uid: agentUID, gid: agentGID, name: agentName) }
    /// What a test or a build may use of this machine's memory in sum; nil for no limit.
    package var testMemoryBytes: UInt64? { deploy.tests.memory.bytes(of: ControlGroupHierarchies.memoryBytes()) }
    package var releases: ReleaseStore { ReleaseStore(directory: data.releases) }
    /// The directories that the daemon keeps, with what others may do there at most.
    package var directories: [(path: String, mode: UInt32)] {
        [(data.deployments, 0o755), (data.releases, 0o755), (data.backups, 0o700), (data.logs, 0o755), (data.work, 0o700)]
    }
}
