internal import CLinux

/// Letters from many threads to one, in their order: `pthread_cond_t` over a lock in a box that never moves.
@safe package final class Mailbox<Letter: Sendable>: @unchecked Sendable {
    // @unchecked: the condition variable is made for all threads, the letters are touched only between lock and unlock.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let arrival: UnsafeMutablePointer<pthread_cond_t>
    private let capacity: Int
    private var letters: [Letter] = []

    /// - Parameter capacity: how many letters may lie there.
    package init(capacity: Int = .max) {
        guard let made = unsafe pinfold_mutex_make() else { fatalError("out of memory for a lock") }
        unsafe mutex = unsafe made
        unsafe arrival = .allocate(capacity: 1)
        unsafe pthread_cond_init(arrival, nil)
        self.capacity = capacity
    }

    deinit {
        unsafe pthread_cond_destroy(arrival)
        unsafe arrival.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe free(mutex)
    }

    /// Never waits; false, and the letter is lost, where as many lie there as there is room for.
    @discardableResult
    package func put(_ letter: Letter) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard letters.count < capacity else { return false }
        letters.append(letter)
        unsafe pthread_cond_signal(arrival)
        return true
    }

    /// The oldest letter; waits for one.
    package func take() -> Letter {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while letters.isEmpty { unsafe pthread_cond_wait(arrival, mutex) }
        return letters.removeFirst()
    }
}
