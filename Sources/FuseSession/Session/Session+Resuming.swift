internal import CFuse3
internal import CLinux
internal import LinuxSystem
package import SystemPackage

extension Session {
    /// Goes on with a session that another process served until it was killed, on the same device.
    ///
    /// The kernel says INIT once for all, so this session hears it from `message`, as it was said then; what comes of it is the same, as long as the options
    /// are. Requests that the other process had in hands come once more, with a bit in their number (FUSE_NOTIFY_RESEND, Linux 6.9): none of its threads may be
    /// there any more. They are asked for before a worker takes any, or what that has in hands already would come to it twice.
    ///
    /// - Throws: EPROTO where it would be another session than before.
    package func resume(_ message: [UInt8]) throws(Errno) {
        state.isResumed.withLock { $0 = true }
        serve(message: message)
        guard let features, features.contains(.resending) else { throw .protocolError }
        try notifier.sendAgain()
        try startWorkers()
    }
}
