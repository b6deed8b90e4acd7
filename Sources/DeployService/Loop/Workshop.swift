internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import GitRepository
internal import LinuxSystem
internal import QuietTasks

/// What steps do things with, and where they are begun.
final class Workshop: @unchecked Sendable {
    // @unchecked: `intake` is the loop's alone; the mirror is behind a lock.
    let settings: PipelineSettings
    let surfaces: SurfaceSearch
    let fault: FaultPoint
    let bell: Bell
    /// nil until the branch is known.
    var intake: SourceIntake?
    private let opened = Lock<GitMirror?>(nil)

    init(_ settings: PipelineSettings, bell: Bell, fault: FaultPoint) {
        self.settings = settings
        self.bell = bell
        self.fault = fault
        surfaces = SurfaceSearch(settings)
    }

    /// nil until it has been opened.
    var mirror: GitMirror? { opened.withLock { $0 } }

    func openMirror() throws(GitError) {
        guard mirror == nil else { return }
        let mirror = try GitMirror(path: settings.data.mirror)
        opened.withLock { $0 = mirror }
    }

    /// Begins a step on a thread of its own, which rings when it has ended; nil while what it needs is not there yet.
    func begin(_ step: Step, of deployment: Deployment, _ facts: Work.Facts = Work.Facts()) -> StepWorker? {
        guard let mirror, let intake else { return nil }
        let tools = Work.Tools(
            mirror: mirror, intake: intake, surfaces: surfaces, branch: intake.branch,
            log: StepLog(path: settings.data.log(of: deployment.id)), cancellation: Cancellation(), fault: fault)
        let bell = self.bell
        return StepWorker(step, Work(deployment: deployment, settings: settings, facts: facts, tools: tools)) { bell.ring() }
    }
}
