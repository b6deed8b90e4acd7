internal import CLinux
package import SystemPackage

/// What a thread of its own works out while its asker does something else.
package final class Pending<Value: Sendable>: Sendable {
    private let result = Lock<Value?>(nil)
    /// Readable once the result is there.
    private let bell: SharedDescriptor

    /// Starts the thread. `name` is what `ps -L` shows.
    package init(_ name: String, _ work: @escaping @Sendable () -> Value) throws(Errno) {
        let bell = SharedDescriptor(Descriptor(owning: try check { eventfd(0, O_CLOEXEC) }))
        self.bell = bell
        let result = self.result
        _ = try SystemThread(name) {
            let value = work()
            result.withLock { $0 = value }
            var one: UInt64 = 1
            _ = unsafe write(bell.descriptor.rawValue, &one, 8)
        }
    }

    /// The result; waits for it.
    package var value: Value {
        while true {
            if let value = result.withLock({ $0 }) { return value }
            var entry = pollfd(fd: bell.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, -1)
        }
    }
}
