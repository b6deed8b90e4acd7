package import DataRoot
package import DeployModel
package import GitRepository
internal import LinuxSystem

/// What a step sees, and what it leaves in the record. A value: only the loop puts it on disk.
package struct Work: Sendable {
    package var deployment: Deployment
    package let settings: PipelineSettings
    package let facts: Facts
    package let tools: Tools
    /// Ids of the tests that passed, for the comparison of the next deployment; nil where there is no report.
    package var passedTests: [String]?

    package init(deployment: Deployment, settings: PipelineSettings, facts: Facts, tools: Tools) {
        self.deployment = deployment
        self.settings = settings
        self.facts = facts
        self.tools = tools
    }

    /// What was on disk when the step began.
    package struct Facts: Sendable {
        /// What the target runs, and the last version that was found healthy.
        package var running: StatusDocument.DeployedVersion?
        package var good: StatusDocument.DeployedVersion?
        /// What a rollback leads to.
        package var rollbackTo: StatusDocument.DeployedVersion?
        /// What candidates are compared with before anything is deployed.
        package var baseline: CommitID?
        /// Whether nothing was deployed yet, and a baseline is there that cannot be read, or names no commit.
        package var baselineUnreadable = false
        package var passedTestsOfGood: PassedTests?
        package var quarantine: [Quarantine] = []
        package var rejections: [Rejection] = []

        package init() {}

        /// What the candidate is compared with.
        package var base: CommitID? { good?.commit ?? running?.commit ?? baseline }
    }

    /// What steps do things with.
    package struct Tools: Sendable {
        package let mirror: GitMirror
        package let intake: SourceIntake
        package let surfaces: SurfaceSearch
        package let branch: String
        package let log: StepLog
        package let cancellation: Cancellation
        package let fault: FaultPoint

        package init(
            mirror: GitMirror, intake: SourceIntake, surfaces: SurfaceSearch, branch: String, log: StepLog,
            cancellation: Cancellation,
            fault: FaultPoint
        ) {
            self.mirror = mirror
            self.intake = intake
            self.surfaces = surfaces
            self.branch = branch
            self.log = log
            self.cancellation = cancellation
            self.fault = fault
        }
    }

    /// This deployment's own directory: the exported tree and throw-away copies.
    package var workplace: DataRoot.Workplace { settings.data.workplace(of: deployment.id) }
    /// Where its version is published.
    var ownRelease: String { settings.data.release(of: deployment.id, commit: deployment.commit.short) }
}

extension CommitID {
    package init(_ id: ObjectID) {
        // Forty lower-case digits by construction.
        self = unsafe CommitID(id.description).unsafelyUnwrapped
    }

    package var objectID: ObjectID { unsafe ObjectID(hex).unsafelyUnwrapped }
}

/// Calls off what a step is doing; asked by the step at each place where it can stop.
package final class Cancellation: Sendable {
    private let reason = Lock<String?>(nil)

    package init() {}

    package func cancel(_ why: String) {
        reason.withLock { if $0 == nil { $0 = why } }
    }

    package var why: String? { reason.withLock { $0 } }

    package func check() throws(Cancelled) {
        if let why { throw Cancelled(reason: why) }
    }
}
