internal import CLinux

/// Where the starter of this process waits for one line: `ready`, or `error: ` and why not.
package struct Ready: Sendable {
    private let descriptor: Int32?

    package init(_ descriptor: Int32?) { self.descriptor = descriptor }

    /// Says it, once, and closes: the starter may wait for the end of the pipe.
    package func say(_ line: String) {
        guard let descriptor else { return }
        _ = unsafe write(descriptor, line, line.utf8.count)
        close(descriptor)
    }
}
