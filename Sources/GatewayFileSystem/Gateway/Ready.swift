internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Where the starter of this process waits for one line: `ready`, or `error CODE: ` with the exit code and why not.
package struct Ready: Sendable {
    /// Whose number is somebody else's once it was said.
    let descriptor: Int32?

    package init(_ descriptor: Int32?) { self.descriptor = descriptor }

    /// The same under a number from `lowest` on.
    func moved(from lowest: Int32) throws(Errno) -> Ready {
        guard let descriptor else { return self }
        let other = try check { pinfold_fcntl(descriptor, F_DUPFD_CLOEXEC, Int64(lowest)) }
        close(descriptor)
        return Ready(other)
    }

    /// Says it, once, and closes: the starter may wait for the end of the pipe.
    package func say(_ line: String) {
        guard let descriptor else { return }
        _ = unsafe write(descriptor, line, line.utf8.count)
        close(descriptor)
    }
}
