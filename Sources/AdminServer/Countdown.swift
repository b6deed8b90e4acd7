internal import LinuxSystem

/// Calls somebody when the last of several things has happened.
struct Countdown: Sendable {
    private let left: Lock<Int>
    private let end: @Sendable () async -> Void

    init(_ count: Int, then end: @escaping @Sendable () async -> Void) {
        left = Lock(count)
        self.end = end
    }

    func reached() async {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isLast { await end() }
    }
}
