internal import CLinux

/// A pointer of each thread's own; nil until that thread has set it. Made once for the life of the process.
struct ThreadSlot: Sendable {
    private let key: pthread_key_t

    init() {
        var key = pthread_key_t()
        // Fails only when a process has used up its 1,024 keys.
        precondition(unsafe pthread_key_create(&key, nil) == 0, "no thread-specific storage left")
        self.key = key
    }

    var pointer: UnsafeRawPointer? { unsafe UnsafeRawPointer(pthread_getspecific(key)) }

    func set(_ pointer: UnsafeRawPointer?) { unsafe pthread_setspecific(key, pointer) }
}
