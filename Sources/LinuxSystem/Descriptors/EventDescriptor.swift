internal import CLinux
package import SystemPackage

/// What one thread tells others, once or again and again, as a descriptor that can be waited for among others (`man 2 eventfd`).
package final class EventDescriptor: Sendable {
    private let descriptor: Descriptor

    package init() throws(Errno) {
        descriptor = Descriptor(owning: try check { eventfd(0, O_CLOEXEC | O_NONBLOCK) })
    }

    /// For `poll`: readable from `set` on, until `clear`. Valid only while this value lives.
    package var rawValue: Int32 { descriptor.rawValue }

    /// Wakes whoever waits, and whoever comes to wait until somebody clears it. Never blocks.
    package func set() {
        var one: UInt64 = 1
        // Fails only where it has been set 2⁶⁴ - 2 times and never cleared: it is set then.
        _ = unsafe CLinux.write(descriptor.rawValue, &one, 8)
    }

    package func clear() {
        var count: UInt64 = 0
        // EAGAIN where it is not set.
        _ = unsafe CLinux.read(descriptor.rawValue, &count, 8)
    }

    /// Waits until it is set, for `milliseconds` at most; a negative number waits for as long as it takes.
    ///
    /// - Returns: whether it is set.
    @discardableResult
    package func wait(milliseconds: Int32 = -1) -> Bool {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return (try? check { unsafe poll(&entry, 1, milliseconds) }) == 1
    }
}
