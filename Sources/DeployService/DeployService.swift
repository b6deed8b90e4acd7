internal import AdminInterface
internal import DataRoot
package import DeployModel
package import DeploySteps
internal import DurableFiles
internal import FoundationEssentials
internal import GitRepository
internal import LinuxSystem
internal import QuietTasks
internal import SystemPackage

/// The deploy daemon's whole logic behind the requests of people and of the agent.
///
/// One loop on a thread of its own is the only thing that writes state. What is asked for here is appended to the decisions on disk, wakes
/// the loop, and waits for what the loop made of it; reading goes to the database and the files directly. Every error is a `DeployError`,
/// whose `exitCode` is what the command ends with. All functions may be called from any task, before `run` too: then they wait for it.
package final class DeployService: Sendable {
    let settings: PipelineSettings
    let store: HistoryStore
    let board: StatusBoard
    let loop: DeployLoop
    let departure = Departure()
    /// Changes that are being compared for somebody.
    let diffs = Lock(0)
    private let lock: SharedLock

    /// Opens or makes the state below `settings.data.deployments` and takes the lock of the data root.
    /// - Parameter fault: for tests; the environment's where it is nil.
    /// - Throws: `.refused` where another daemon has it, `.broken` where the state cannot be read.
    package init(_ settings: PipelineSettings, fault: FaultPoint? = nil) throws(DeployError) {
        self.settings = settings
        let bell: Bell
        do {
            bell = try Bell()
            try DurableFile.makeDirectory(settings.data.deployments)
            guard let lock = try Self.take(settings.data.lock) else {
                throw DeployError.refused("another pinfold-deployd serves \(settings.data.deployments) (\(settings.data.lock))")
            }
            self.lock = SharedLock(lock)
        } catch let error as DeployError {
            throw error
        } catch {
            throw .broken("\(error)")
        }
        store = try HistoryStore(path: settings.data.history, numbersAbove: UsedNumbers.highest(settings))
        board = StatusBoard(settings, branch: (try? DeployingBranch(settings, store).decided()) ?? nil)
        if let fault = settings.configurationFault {
            board.warn(
                "configuration",
                "nothing new is deployed: \(fault); mend that and start the daemon again, which goes on with the settings of before"
            )
        }
        if let bytes = settings.testMemoryBytes { board.warn("memory", Self.obstacle(toLimiting: bytes)) }
        loop = DeployLoop(
            settings, store: store, board: board, bell: bell,
            fault: fault ?? FaultPoint(armed: ProcessInfo.processInfo.environment["PINFOLD_FAULT"]))
    }

    /// Waits for two seconds at most: what a daemon that has just ended was starting has its lock, too, until it is another program.
    private static func take(_ path: String) throws -> FileLock? {
        let patience = ContinuousClock.now + .seconds(2)
        while true {
            if let lock = try FileLock(path: path) { return lock }
            guard .now < patience else { return nil }
            SystemThread.sleep(milliseconds: 20)
        }
    }

    /// Why tests and builds cannot be bounded in sum; nil where a group can be made that bounds them.
    private static func obstacle(toLimiting bytes: UInt64) -> String? {
        do throws(ControlGroup.Failure) {
            let trial = try ControlGroup("trial", limits: .init(memoryBytes: bytes))
            if trial.bounds.contains(.memory) { return nil }
            return
                "tests and builds are not bounded in memory (AGENT_DEPLOY_TEST_MEMORY): \(ControlGroupHierarchies.find().obstacle ?? "")"
        } catch {
            return "tests and builds are not bounded in memory (AGENT_DEPLOY_TEST_MEMORY): \(error)"
        }
    }

    /// Runs the loop until `stop`. A deployment that was under way goes on.
    package func run() async throws(DeployError) {
        let failure: DeployError? = await withCheckedContinuation { continuation in
            do throws(Errno) {
                _ = try SystemThread("pinfold-loop", stack: SystemThread.deepStack) { [loop] in
                    loop.run()
                    continuation.resume(returning: nil)
                }
            } catch {
                continuation.resume(returning: .noThread(error))
            }
        }
        if let failure { throw failure }
    }

    /// Ends `run` soon: between two steps, and a running test or build is killed and done again at the next start.
    package func stop() {
        departure.begin()
        loop.stop()
    }

    // Waiting.

    /// Returns the revision of the state once it is another than `revision`, or after `milliseconds` with what it is then.
    package func change(after revision: Int, withinMilliseconds milliseconds: Int) async -> Int {
        await board.signal.wait(after: revision, milliseconds: milliseconds)
        return board.signal.revision
    }

    /// Returns the deployment once it ended or waits for a human, or after `milliseconds` as it is then; nil waits as long as it takes.
    package func settled(_ id: Int, withinMilliseconds milliseconds: Int? = nil) async throws(DeployError) -> Deployment {
        let clock = ContinuousClock()
        let deadline = milliseconds.map { clock.now + .milliseconds($0) }
        while true {
            // The revision first: a change after the look is then a later one.
            let revision = board.signal.revision
            let deployment = try show(id)
            if deployment.isSettled || Task.isCancelled { return deployment }
            if let deadline, clock.now >= deadline { return deployment }
            let left = deadline.map { Int(($0 - clock.now) / .milliseconds(1)) } ?? 60_000
            await board.signal.wait(after: revision, milliseconds: max(1, min(left, 60_000)))
        }
    }

    /// Records a refusal, or whatever else somebody tried that reached no decision.
    package func record(_ event: Event) {
        try? store.write { try $0.append(event) }
    }
}

/// Holds the lock of the data root for as long as the service lives.
private final class SharedLock: Sendable {
    private let lock: FileLock

    init(_ lock: consuming FileLock) {
        self.lock = lock
    }
}

extension DeployService: DeployServing {}
