internal import CLinux
internal import FuseSession
internal import LinuxSystem

/// What the kernel must be told after a request was answered, by a thread of its own: the kernel holds locks that the notification needs until it has
/// the answer.
@safe final class Afterthoughts: @unchecked Sendable {
    // @unchecked: the condition variable is made for all threads, the rest is under its mutex.
    private struct Thought {
        let parent: NodeID
        let name: [UInt8]
    }
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var thoughts: [Thought] = []
    private var notifier: Notifier?
    private var isRunning = false

    init() {
        guard let made = unsafe pinfold_mutex_make() else { fatalError("out of memory for a lock") }
        unsafe mutex = unsafe made
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_cond_init(condition, nil)
    }

    // Made once a plane, for as long as the process serves: its thread never ends, so neither does it.

    func start(_ notifier: Notifier) {
        unsafe pthread_mutex_lock(mutex)
        self.notifier = notifier
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Has the kernel look `name` in `parent` up again, soon.
    func invalidate(_ name: borrowing PathBytes, in parent: NodeID) {
        let copy = name.array
        unsafe pthread_mutex_lock(mutex)
        thoughts.append(Thought(parent: parent, name: copy))
        if isRunning {
            unsafe pthread_cond_signal(condition)
        } else {
            isRunning = true
            run()
        }
        unsafe pthread_mutex_unlock(mutex)
    }

    private func run() {
        var thread = pthread_t()
        let kept = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Afterthoughts>.fromOpaque(argument.unsafelyUnwrapped).takeUnretainedValue().loop()
                return nil
            }, kept)
        if code == 0 { pthread_detach(thread) } else { isRunning = false }
    }

    private func loop() {
        while true {
            unsafe pthread_mutex_lock(mutex)
            while thoughts.isEmpty { unsafe pthread_cond_wait(condition, mutex) }
            let next = thoughts.removeFirst()
            let notifier = notifier
            unsafe pthread_mutex_unlock(mutex)
            // ENOENT: the kernel does not know the name, which is as good.
            next.name.withPathBytes { try? notifier?.invalidateEntry($0, in: next.parent) }
        }
    }
}
