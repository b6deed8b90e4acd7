package import DeployModel

/// What is asked of the deploy daemon, as functions; `DeployService` says what each does.
package protocol DeployServing: Sendable {
    func status() throws(DeployError) -> StatusDocument
    /// The newest first: `limit` of them at most, fewer where their records are long, at least one where there is one.
    func history(limit: Int, before: Int?, state: DeploymentState?) throws(DeployError) -> [Deployment]
    func show(_ id: Int) throws(DeployError) -> Deployment
    func log(_ id: Int, from offset: Int, limit: Int) throws(DeployError) -> LogPage
    func diff(_ id: Int, against base: DiffBase, context: Int) async throws(DeployError) -> [UInt8]
    func surface(of path: String) async throws(DeployError) -> SurfaceAnswer
    func events(limit: Int) throws(DeployError) -> [Event]

    func policy() throws(DeployError) -> PolicyAnswer

    func answer(
        _ verdict: PersonAnswer.Verdict, _ commit: String, _ request: AnswerRequest, by caller: Caller
    ) async throws(DeployError) -> Deployment
    func rollback(to id: Int?, by caller: Caller) async throws(DeployError) -> Deployment
    func reload(by caller: Caller) async throws(DeployError) -> Deployment
    func lift(_ commit: String, by caller: Caller) async throws(DeployError) -> Quarantine
    func hold(reason: String, by caller: Caller) async throws(DeployError) -> Hold
    func resume(by caller: Caller) async throws(DeployError)
    func deploy(_ request: DeployActionRequest, by caller: Caller) async throws(DeployError) -> Deployment

    func change(after revision: Int, withinMilliseconds milliseconds: Int) async -> Int
    func settled(_ id: Int, withinMilliseconds milliseconds: Int?) async throws(DeployError) -> Deployment
    func record(_ event: Event)
}
