internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The workers that the kernel asks through rings (FUSE over io_uring, Linux 6.14): a request is served on the processor that it was made on, so no
/// other has to be woken up, and an answer and the next request are one system call.
///
/// Each has one entry, and the kernel gives a request to the entry of its queue that became free last: a process that asks one thing after the
/// other is served by one thread, and another takes over when that is held up by a disk.
///
/// The kernel asks nothing before each queue has a entry, and from then on everything but FORGET and INTERRUPT goes this way. So all that can fail
/// does before the kernel hears that there are rings; and before the filter of system calls, since none of this can be done behind it.
@safe final class RingCrew: @unchecked Sendable {
    // @unchecked: the condition variable is made for all threads, the rest is under the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let seats: Int
    private var prepared = 0
    private var decision: Bool?
    private var failure: Errno?

    init(seats: Int) {
        guard let made = unsafe pinfold_mutex_make() else { fatalError("out of memory for a lock") }
        unsafe mutex = unsafe made
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_cond_init(changed, nil)
        self.seats = seats
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe changed.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe free(mutex)
    }

    // MARK: The workers

    /// A worker has its ring, or has none because of `error`.
    func prepared(_ error: Errno?) {
        change {
            prepared += 1
            failure = failure ?? error
        }
    }

    /// Waits until the kernel has answered; whether it agreed.
    func mayStart() -> Bool {
        wait { decision != nil }
        // It never changes again.
        return decision == true
    }

    // MARK: The session

    /// Waits until all workers have their rings.
    func waitUntilPrepared() throws(Errno) {
        wait { prepared == seats }
        // Written by nobody any more.
        if let failure { throw failure }
    }

    /// Whether there will be requests through rings. The first answer holds.
    func decide(_ agreed: Bool) { change { decision = decision ?? agreed } }

    private func change(_ body: () -> Void) {
        unsafe pthread_mutex_lock(mutex)
        body()
        unsafe pthread_cond_broadcast(changed)
        unsafe pthread_mutex_unlock(mutex)
    }

    private func wait(until isSo: () -> Bool) {
        unsafe pthread_mutex_lock(mutex)
        while !isSo() { unsafe pthread_cond_wait(changed, mutex) }
        unsafe pthread_mutex_unlock(mutex)
    }
}
