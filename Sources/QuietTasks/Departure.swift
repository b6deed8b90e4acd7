internal import LinuxSystem

/// The end of the daemon, for those who wait for something on a thread of its own: they are released at once, and what they wait for is told to
/// stop and is left to end with the process.
package final class Departure: Sendable {
    private struct State {
        var hasBegun = false
        var next = 0
        var waiting: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Lock(State())

    package init() {}

    package var hasBegun: Bool { state.withLock { $0.hasBegun } }

    package func begin() {
        let released = state.withLock { state in
            state.hasBegun = true
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.self)
        }
        for release in released { release() }
    }

    /// Calls `release` when the departure begins, at once where it has begun, unless `forget` comes first.
    package func whenBegun(_ release: @escaping @Sendable () -> Void) -> Int {
        let (ticket, isLate) = state.withLock { state in
            state.next += 1
            if !state.hasBegun { state.waiting[state.next] = release }
            return (state.next, state.hasBegun)
        }
        if isLate { release() }
        return ticket
    }

    package func forget(_ ticket: Int) {
        state.withLock { _ = $0.waiting.removeValue(forKey: ticket) }
    }
}

/// An answer that is given once, by whoever comes first.
package final class FirstAnswer<Value: Sendable>: Sendable {
    private let continuation: Lock<CheckedContinuation<Value, Never>?>

    package init(_ continuation: CheckedContinuation<Value, Never>) {
        self.continuation = Lock(continuation)
    }

    package func give(_ value: Value) {
        let waiting = continuation.withLock { held in
            defer { held = nil }
            return held
        }
        waiting?.resume(returning: value)
    }
}
