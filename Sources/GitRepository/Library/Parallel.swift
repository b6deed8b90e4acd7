internal import CLinux

/// Runs `body` on so many threads of their own, this one included, and returns when all are done. Blocking in it keeps nobody waiting.
func runInParallel(threads: Int, _ body: @escaping @Sendable () -> Void) {
    final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var started: [pthread_t] = []
    for _ in 1..<max(threads, 1) {
        var thread = pthread_t()
        let work = unsafe Unmanaged.passRetained(Work(body))
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument { unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        if code == 0 {
            started.append(thread)
        } else {
            // Fewer threads do the same work.
            unsafe work.release()
        }
    }
    body()
    for thread in started { pthread_join(thread, nil) }
}
