internal import CLinux
package import SystemPackage

/// A thread of the system's own, for work that blocks for as long as it likes: the pool of Swift's concurrency has no more threads
/// than there are cores.
@safe package struct SystemThread: ~Copyable, @unchecked Sendable {
    // @unchecked: pthread_t is a plain number here, and only its owner joins.
    private let thread: pthread_t

    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Bytes of stack for what calls itself as deep as trees are nested, whatever the process's limit is (`man 3 pthread_attr_init`).
    package static let deepStack = 8 << 20

    /// Starts a thread. `name` is what `ps -L` and a debugger show: up to 15 bytes of it.
    /// - Parameter stack: bytes; nil for the system's default.
    package init(_ name: String, stack: Int? = nil, _ run: @escaping @Sendable () -> Void) throws(Errno) {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        if let stack { unsafe pthread_attr_setstacksize(&attributes, stack) }
        let body = unsafe Unmanaged.passRetained(Body(name, run))
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                // Given by the call below, which retained it for this thread.
                let body = unsafe Unmanaged<Body>.fromOpaque(argument.unsafelyUnwrapped).takeRetainedValue()
                unsafe pinfold_thread_name(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            throw Errno(rawValue: code)
        }
        self.thread = thread
    }

    /// Waits for its end.
    package consuming func join() {
        pthread_join(thread, nil)
        discard self
    }

    deinit { pthread_detach(thread) }

    /// Has the calling thread stand still for at least so long.
    package static func sleep(nanoseconds: UInt64) {
        var rest = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        // A signal's handler has run where it fails: what is left of the time is slept then.
        var left = timespec()
        while unsafe nanosleep(&rest, &left) == -1, pinfold_errno() == EINTR { rest = left }
    }

    package static func sleep(milliseconds: UInt64) { sleep(nanoseconds: milliseconds * 1_000_000) }
}
