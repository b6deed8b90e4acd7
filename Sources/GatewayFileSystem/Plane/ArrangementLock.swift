internal import CLinux

/// Who makes names shares it; who moves a directory to where other rules hold has it alone.
///
/// Without it a name could be made in a directory after it was searched for protected names and before it has moved to a place where that name
/// is one. It is the one lock of the gateway that is held over system calls: shared in all but that rare case, and those who wait for it prevail, so
/// that no flood of new files keeps a rename waiting.
@safe final class ArrangementLock: @unchecked Sendable {
    // @unchecked: a pthread_rwlock_t is made for use by all threads.
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>

    init() {
        unsafe lock = .allocate(capacity: 1)
        var attributes = pthread_rwlockattr_t()
        unsafe pthread_rwlockattr_init(&attributes)
        // PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
        unsafe pthread_rwlockattr_setkind_np(&attributes, 2)
        unsafe pthread_rwlock_init(lock, &attributes)
        unsafe pthread_rwlockattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_rwlock_destroy(lock)
        unsafe lock.deallocate()
    }

    @inline(__always)
    func shared<Result: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        unsafe pthread_rwlock_rdlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body()
    }

    func alone<Result: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        unsafe pthread_rwlock_wrlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body()
    }
}
