/// How a step ended.
package enum StepOutcome: Hashable, Sendable {
    /// The next one may begin.
    case done(note: String? = nil)
    /// A human's turn: why, and what to do.
    case waiting(reason: String, advice: String)
    /// The deployment ends here.
    case stopped(DeploymentState, reason: String, advice: String? = nil)
    /// The new version runs and must not: back to the last known good.
    /// - Parameter isBlameless: whether that says nothing about the version, as where the disk is full: then it is not quarantined.
    case goBack(reason: String, isBlameless: Bool = false)
    /// What was gone back to runs: `healthy` as its own check says.
    case wentBack(to: StatusDocument.DeployedVersion?, healthy: Bool, reason: String)
}
