internal import DeployModel

/// Tells the server to run what the target now is.
@Sendable func reload(_ work: inout Work) throws -> StepOutcome {
    guard let problem = try reloadProblem(work) else {
        return .done(note: work.settings.reload.command == nil ? "no reload command" : nil)
    }
    return .goBack(because: problem, work.settings)
}

/// Has the server run the target as it is, whichever version that is: what was wrong with that, in a sentence; nil where nothing was.
func reloadProblem(_ work: Work) throws -> String? {
    work.tools.fault.reach("reload", "inside")
    guard let command = work.settings.reload.command else { return nil }
    let ending = try AdminCommand(
        name: "reload", command: command, seconds: 120, environment: work.commandEnvironment
    ).run(work.tools).ending
    return ending.succeeded ? nil : "the reload command ended with \(ending.sentence)"
}
