internal import LinuxSystem
package import SystemPackage

/// Wakes the loop: from the watch, from requests, from a step that ended. Rings that come while nobody waits are kept as one.
///
/// A descriptor, and not a condition that is waited for until a time of day: setting the clock back would make that wait as long.
package final class Bell: Sendable {
    private let rung: EventDescriptor

    package init() throws(Errno) { rung = try EventDescriptor() }

    package func ring() { rung.set() }

    /// Returns at the next ring, or after `seconds`.
    package func wait(seconds: Double) {
        if rung.wait(milliseconds: Int32(max(0, min(seconds, 3600) * 1000).rounded(.up))) { rung.clear() }
    }
}
