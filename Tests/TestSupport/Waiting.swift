internal import LinuxSystem

/// Waits until `condition` holds, looking again every few milliseconds; throws with `what` when the deadline passes.
///
/// The deadline is generous because a busy machine is no failure: only a condition that never holds is.
package func eventually(
    _ what: String, within seconds: Int = 30, _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    while true {
        if try await condition() { return }
        if clock.now >= deadline { throw TestFailure("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// The same for a test that is not asynchronous; one that is must not block the pool's thread that it runs on.
@_disfavoredOverload
package func eventually(_ what: String, within seconds: Int = 30, _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        if ContinuousClock.now >= deadline { throw TestFailure("not within \(seconds) s: \(what)") }
        SystemThread.sleep(milliseconds: 10)
    }
}

/// Stands still in a thread that may block.
package func pause(milliseconds: UInt64) { SystemThread.sleep(milliseconds: milliseconds) }
