package import LinuxSystem

/// Who serves the view that a command runs in. The process may be replaced while the view lives.
package struct ViewDaemon: Sendable {
    /// What the end of a process means for the view.
    package enum Succession: Sendable {
        case died
        case served(by: SharedDescriptor)
        /// It has not been given up, and who serves it cannot be told yet.
        case unknown
    }

    /// A pidfd of the process that serves now.
    let process: SharedDescriptor
    let successor: @Sendable () -> Succession

    /// - Parameter successor: asked when the process that served has ended, and from time to time where it does not know.
    package init(process: SharedDescriptor, successor: @escaping @Sendable () -> Succession) {
        (self.process, self.successor) = (process, successor)
    }
}
