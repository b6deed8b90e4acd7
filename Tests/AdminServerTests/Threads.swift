import Dispatch

/// Runs what blocks on a thread of its own: the pool that the server's handlers need has only as many as there are cores.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "pinfold.test").async {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}

/// A thread for tasks that must not wait behind other tests, which may block all of the pool's.
final class ThreadExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "pinfold.test.executor")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
