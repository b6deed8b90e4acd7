internal import DeployModel

/// Tells the server to run what the target now is.
@Sendable func reload(_ work: inout Work) throws -> StepOutcome {
    let outcome = try reloadServer(work)
    work.deployment.reload = outcome.record
    guard let problem = outcome.problem else { return .done(note: outcome.note) }
    return .goBack(because: problem, work.settings)
}

/// How a reload went.
struct ReloadOutcome {
    var record: ReloadRecord?
    /// What is wrong, in a sentence; nil where nothing is.
    var problem: String?
    var note: String?
}

/// Has the server run the target as it is, whichever version that is: in its running processes where they take it in, else by the admin's command.
func reloadServer(_ work: Work) throws -> ReloadOutcome {
    work.tools.fault.reach("reload", "inside")
    let settings = work.settings.reload
    var refusal: String?
    if let path = settings.socket {
        do {
            let hot = HotReload(work: work, directory: SocketDirectory(path: path, agent: work.settings.agentUID))
            if let record = try hot.run() {
                work.tools.log.note(record.sentence)
                return ReloadOutcome(record: record, note: record.sentence)
            }
            refusal = "no process of the server listens in \(path)"
            if settings.command == nil { return ReloadOutcome(note: "\(refusal ?? ""); one that starts runs this version") }
        } catch let error as ReloadRefusal {
            refusal = error.description
        }
        work.tools.log.note("not in the running server: \(refusal ?? "")")
    }
    guard let command = settings.command else {
        guard let refusal else { return ReloadOutcome(note: "no reload command") }
        return ReloadOutcome(
            problem: "the running server does not take the version in, and there is no AGENT_DEPLOY_RELOAD_COMMAND: \(refusal)")
    }
    let ending = try AdminCommand(
        name: "reload", command: command, seconds: 120, environment: work.commandEnvironment
    ).run(work.tools).ending
    let record = ReloadRecord(tier: .command, refusal: refusal)
    guard ending.succeeded else {
        return ReloadOutcome(record: record, problem: "the reload command ended with \(ending.sentence)")
    }
    return ReloadOutcome(record: record, note: refusal == nil ? nil : record.sentence)
}
