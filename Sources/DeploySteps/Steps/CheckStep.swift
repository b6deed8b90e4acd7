internal import DeployModel

/// Looks whether the new version is healthy, for a soak time.
@Sendable func check(_ work: inout Work) throws -> StepOutcome {
    work.tools.fault.reach("check", "inside")
    var check = HealthCheck(work: work)
    guard let problem = try check.problem() ?? ClientCheck(work: work).problem() else {
        guard work.settings.health.hasCheck else { return .done(note: "no health check is configured") }
        return .done(
            note: check.served == nil
                ? "healthy; the server does not say which commit it serves" : "healthy, and serves this commit")
    }
    return .goBack(because: problem, work.settings)
}
