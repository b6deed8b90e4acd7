internal import AdminInterface
internal import DataRoot
internal import DeployModel
internal import DeployService
internal import LinuxSystem
internal import PinfoldConfiguration
internal import ZonePolicy

/// The rules of the view in which the agent is, for whoever asks from in there.
///
/// The gateway is not asked: what may read everything listens to nobody but the kernel. It leaves the settings that it serves with in a file of root's,
/// and the same code decides by them here.
final class ServedRules: ViewRules {
    private let configuration: Configuration
    private let service: DeployService
    /// The last ones asked for: a policy is an automaton, which takes a moment to make.
    private let made = Lock<(of: RunningSettings?, policy: AccessPolicy)?>(nil)

    init(_ configuration: Configuration, _ service: DeployService) {
        self.configuration = configuration
        self.service = service
    }

    func explain(_ paths: [String]) throws(Problem) -> PathExplanations {
        let (policy, isServed) = try policy()
        return PathExplanations(
            paths: paths.map { path in
                let names = Paths.absolute(path, from: "/").utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
                let (read, write) = (policy.explain(names, .read), policy.explain(names, .write))
                return PathRules(
                    zone: read.zone.label, read: PathRule(read.finding(about: .read)), write: PathRule(write.finding(about: .write))
                )
            }, isServed: isServed)
    }

    func workspace() throws(Problem) -> Workspace {
        let served = (try? served()?.configuration()) ?? configuration
        let status: StatusDocument
        do {
            status = try service.status()
        } catch {
            throw Problem(error)
        }
        return Workspace(
            codeRepo: served.zones.codeRepo, sandbox: served.zones.sandbox, temporary: "/tmp",
            guide: AgentGuide.path(configuration),
            branch: status.branch.isEmpty ? nil : status.branch, network: served.agent.network.rawValue,
            testCommand: configuration.deploy.tests.command, testTimeoutSeconds: configuration.deploy.tests.timeout,
            rules: status.rules,
            protected: served.view.protect)
    }

    private func policy() throws(Problem) -> (AccessPolicy, isServed: Bool) {
        let served = served()
        if let made = made.withLock({ $0 }), made.of == served { return (made.policy, served != nil) }
        let policy: AccessPolicy
        do {
            policy = try (try served?.configuration() ?? configuration).accessPolicy()
        } catch {
            throw Problem(.broken, "the view's settings cannot be used: \(error)")
        }
        made.withLock { $0 = (served, policy) }
        return (policy, served != nil)
    }

    /// What the view of this data root is served with; nil where none is.
    private func served() -> RunningSettings? {
        RunningSettings.all(of: .view).first { (try? $0.configuration())?.data == configuration.data }
    }
}

extension PathRule {
    fileprivate init(_ finding: Finding) {
        self.init(
            allowed: finding.isAllowed, rule: finding.rule, sentence: finding.sentence, errno: finding.errno,
            pattern: finding.pattern)
    }
}
