internal import LinuxSystem

/// Runs `body` on so many threads of their own, this one included, and returns when all are done. Blocking in it keeps nobody waiting.
func runInParallel(threads: Int, _ body: @escaping @Sendable () -> Void) {
    // Fewer threads do the same work.
    let others = (1..<max(threads, 1)).compactMap { _ in try? Pending("git", body) }
    body()
    for other in others { other.value }
}
