internal import Dispatch

/// Runs the daemon's tasks one after the other on a dispatch queue of its own: as `withTaskExecutorPreference`, in place of Swift's pool.
///
/// Once that pool has run anything, dispatch counts its threads every second for as long as the process lives
/// (`_dispatch_workq_monitor_pools`); a serial queue's threads are not counted. So nothing in the daemon may run elsewhere: no `Task` without
/// this preference, no `Task.sleep` (its timer ends in the pool), no concurrent queue. What blocks for longer gets a thread of its own.
package final class QuietQueue: TaskExecutor {
    private let queue: DispatchQueue

    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Calls `body` after so many milliseconds of the machine being awake, unless what this returns is cancelled before.
    func after(milliseconds: Int, _ body: @escaping @Sendable () -> Void) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler(handler: body)
        timer.schedule(deadline: .now() + .milliseconds(milliseconds))
        timer.activate()
        return timer
    }
}
