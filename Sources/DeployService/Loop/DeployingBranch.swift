internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import GitRepository

/// The branch whose commits deploy: what the admin says, else what it was when the daemon first knew one, else what `pinfold init` cloned, else
/// what code-repo is on now. So a branch that the agent switches to deploys only where nobody ever said which.
struct DeployingBranch: Sendable {
    private let settings: PipelineSettings
    private let store: HistoryStore

    init(_ settings: PipelineSettings, _ store: HistoryStore) {
        self.settings = settings
        self.store = store
    }

    /// nil where there is none yet.
    func name() throws -> String? {
        if let branch = try decided() { return branch }
        return try BranchTip(repository: settings.codeRepo).currentBranch()
    }

    /// The same without a look at code-repo.
    func decided() throws -> String? {
        if let branch = settings.commits.branch { return branch }
        if let known = try store.read({ try $0.fact(.branch) }) { return known }
        guard let bytes = try DurableFile.read(settings.data.branch, limit: 4096) else { return nil }
        return bytes.split(separator: UInt8(ascii: "\n")).first.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Why there is none, in words.
    var missing: String { "no branch to deploy: \(settings.codeRepo) is on no branch, and AGENT_DEPLOY_BRANCH names none" }
}
