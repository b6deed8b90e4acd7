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
    let tree: TreeUse

    /// What a step has to do with the commit's exported tree.
    enum TreeUse: Sendable {
        case none
        case writes
        /// It cannot begin without it.
        case reads
    }

    init(
        _ stage: DeployModel.Stage, tree: TreeUse = .none, _ run: @escaping @Sendable (inout Work) throws -> StepOutcome
    ) {
        self.stage = stage
        self.tree = tree
        self.run = run
    }
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
