internal import Fence
package import DeployModel
internal import DurableFiles
internal import GitRepository
internal import LinuxSystem

/// One step of the pipeline: a name and what it does. It runs on a thread of its own, may block, and can be run again after a crash
/// anywhere in it.
package struct Step: Sendable {
    package let stage: DeployModel.Stage
    package let run: @Sendable (inout Work) throws -> StepOutcome

    package init(_ stage: DeployModel.Stage, _ run: @escaping @Sendable (inout Work) throws -> StepOutcome) {
        self.stage = stage
        self.run = run
    }
}

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

/// The work was called off: a newer commit, an answer of the admin, or the daemon's end.
package struct Cancelled: Error, Sendable {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// Any error of a step as a sentence and what to do about it.
package func explanation(of error: any Error) -> (reason: String, advice: String?) {
    switch error {
    case let error as FileError where error.isFull: (error.description, freeSpace)
    case let error as NearlyFullDisk: (error.reason, freeSpace)
    // The words of `strerror`, which libgit2 passes on.
    case let error as GitError where error.message.contains("No space left on device"):
        (error.description, "free space on that file system, then `pinfold deploy` tries the same commit again")
    case let error as FileError where error.operation == InPlaceUpdate.conflict:
        (error.description, "move it away, or take it out of the commit; then `pinfold deploy` tries the same commit again")
    case let error as FileError: (error.description, nil)
    case let error as GitError where error.message.contains("AGENT_DEPLOY_FILE_LIMIT"): (error.description, tooLargeFile)
    case let error as GitError where error.kind == .busy: (error.description, scarcity)
    case let error as GitError: (error.description, nil)
    case let error as FenceError where error.passes: (error.description, scarcity)
    case let error as FenceError: (error.description, "`pinfold doctor` says what the machine lacks")
    case let error as DeployError: (error.message, nil)
    case let error as UnseenProcess:
        (error.description, "let the daemon look into every process (CAP_SYS_PTRACE): what may be in use is never removed")
    default: ("\(error)", nil)
    }
}

private let scarcity =
    "the machine had no process, memory or descriptor left for minutes; once it has, `pinfold deploy` tries the same commit again"
private let tooLargeFile =
    "take the file out of the branch's newest commit (`git rm --cached FILE`, then commit; it may stay in the history), or raise AGENT_DEPLOY_FILE_LIMIT, restart the daemon, and `pinfold deploy`"
private let freeSpace = "free space on that file system, then `pinfold deploy` tries the same commit again"
