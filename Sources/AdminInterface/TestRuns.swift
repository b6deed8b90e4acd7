package import DeployModel

/// How a deployment's tests went, and what judged it.
package struct TestRuns: Codable, Hashable, Sendable {
    /// Changed files that judge the agent.
    package var surface: [String]
    package var verdict: TestVerdict?
    package var verdictWithDeployedSurface: TestVerdict?
    package var bite: Bite?

    package init(of deployment: Deployment) {
        surface = deployment.surface
        verdict = deployment.verdict
        verdictWithDeployedSurface = deployment.verdictWithDeployedSurface
        bite = deployment.bite
    }
}
