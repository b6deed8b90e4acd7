internal import CLinux
internal import LinuxSystem
package import SystemPackage

/// Wakes the loop: from the watch, from requests, from a step that ended. Rings that come while nobody waits are kept as one.
///
/// A pipe, and not a condition that is waited for until a time of day: setting the clock back would make that wait as long.
package final class Bell: Sendable {
    private let reading: Descriptor
    private let writing: Descriptor

    package init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        _ = try check { unsafe pipe2(&ends, O_CLOEXEC | O_NONBLOCK) }
        reading = Descriptor(owning: ends[0])
        writing = Descriptor(owning: ends[1])
    }

    package func ring() {
        var byte: UInt8 = 0
        // A full pipe rings already.
        _ = unsafe write(writing.rawValue, &byte, 1)
    }

    /// Returns at the next ring, or after `seconds`.
    package func wait(seconds: Double) {
        var entry = pollfd(fd: reading.rawValue, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, Int32(max(0, min(seconds, 3600) * 1000).rounded(.up))) == 1 else { return }
        var bytes = [UInt8](repeating: 0, count: 4096)
        while unsafe read(reading.rawValue, &bytes, bytes.count) == bytes.count {}
    }
}
