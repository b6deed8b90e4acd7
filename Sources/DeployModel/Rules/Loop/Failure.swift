extension StepOutcome {
    /// What an error in a step comes to: an error, and not what the server or a command said of the version.
    /// - Parameters:
    ///   - isMarked: whether the deployment's switch has written its mark.
    ///   - target: what the server runs from.
    package static func failure(
        of deployment: Deployment, isMarked: Bool, reason: String, advice: String?, target: String
    ) -> StepOutcome {
        guard deployment.isPastReturn(isMarked: isMarked) else { return .stopped(.failed, reason: reason, advice: advice) }
        guard deployment.stage.targetUse == .takesBack else { return .goBack(reason: reason, isBlameless: true) }
        return .stopped(
            .failed, reason: "\(deployment.reason ?? "it had to be rolled back"); going back failed: \(reason)",
            advice: advice ?? "look at \(target) and at `pinfold logs \(deployment.id)`; `pinfold rollback` tries again")
    }
}
