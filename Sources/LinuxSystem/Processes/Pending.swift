package import SystemPackage

/// What a thread of its own works out while its asker does something else.
package final class Pending<Value: Sendable>: Sendable {
    private let result = Lock<Value?>(nil)
    private let isThere: EventDescriptor

    /// Starts the thread. `name` is what `ps -L` shows.
    package init(_ name: String, _ work: @escaping @Sendable () -> Value) throws(Errno) {
        let isThere = try EventDescriptor()
        self.isThere = isThere
        let result = self.result
        _ = try SystemThread(name) {
            let value = work()
            result.withLock { $0 = value }
            isThere.set()
        }
    }

    /// The result; waits for it.
    package var value: Value {
        while true {
            if let value = result.withLock({ $0 }) { return value }
            isThere.wait()
        }
    }
}
