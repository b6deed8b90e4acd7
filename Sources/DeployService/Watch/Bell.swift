internal import Foundation

/// Wakes the loop: from the watch, from requests, from a step that ended. Rings that come while nobody waits are kept as one.
final class Bell: @unchecked Sendable {
    // @unchecked: `rung` is touched only under the condition's lock.
    private let condition = NSCondition()
    private var rung = false

    func ring() {
        condition.lock()
        rung = true
        condition.signal()
        condition.unlock()
    }

    /// Returns at the next ring, or after `seconds`.
    func wait(seconds: Double) {
        condition.lock()
        defer { condition.unlock() }
        let end = Date(timeIntervalSinceNow: seconds)
        while !rung, condition.wait(until: end) {}
        rung = false
    }
}
