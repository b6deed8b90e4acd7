internal import CLinux

/// A lock in memory that processes share. When the thread that has it ends, however it does, who waits gets it (`man 3 pthread_mutexattr_setrobust`).
///
/// Of processes in one PID namespace: the kernel knows the owner by its number.
@safe package struct RobustMutex: @unchecked Sendable {
    // @unchecked: the C library's functions alone touch it.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Bytes of memory that it wants, aligned to 8.
    package static let size = 64

    package enum Outcome: Sendable {
        case locked
        /// Locked; who had it has ended in the middle of something.
        case inherited
        /// Not locked: somebody else has it still.
        case late
    }

    /// Makes one at `place`, of which nobody knows yet.
    package static func make(at place: UnsafeMutableRawPointer) {
        // It fails for attributes that this system does not know, which has these.
        _ = unsafe pinfold_robust_mutex_make(place.assumingMemoryBound(to: pthread_mutex_t.self))
    }

    /// The one that was made at `place`, which stays where it is for as long as this lives.
    package init(at place: UnsafeMutableRawPointer) { unsafe mutex = unsafe place.assumingMemoryBound(to: pthread_mutex_t.self) }

    /// - Parameter nanoseconds: how long to wait for it; nil for as long as it takes.
    package func lock(within nanoseconds: UInt64? = nil) -> Outcome {
        let code: Int32
        if let nanoseconds {
            let until = SystemClock.monotonic + nanoseconds
            var deadline = timespec(tv_sec: Int(until / 1_000_000_000), tv_nsec: Int(until % 1_000_000_000))
            code = unsafe pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline)
        } else {
            code = unsafe pthread_mutex_lock(mutex)
        }
        switch code {
        case 0: return .locked
        case EOWNERDEAD:
            _ = unsafe pthread_mutex_consistent(mutex)
            return .inherited
        default: return .late
        }
    }

    package func unlock() { _ = unsafe pthread_mutex_unlock(mutex) }
}
