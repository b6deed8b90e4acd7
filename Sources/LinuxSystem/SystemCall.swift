internal import CLinux
package import SystemPackage

/// The result of a system call that answers -1 and sets `errno`. A call that a signal interrupted is made again.
///
/// `errno` is per thread: nothing may run between the call and the look at it, so the closure holds the call alone.
@inline(__always)
package func check<Result: SignedInteger>(_ call: () -> Result) throws(Errno) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        let code = pinfold_errno()
        if code != EINTR { throw Errno(rawValue: code) }
    }
}

extension Errno {
    /// This thread's `errno` as the last call left it.
    package static var current: Errno { Errno(rawValue: pinfold_errno()) }

    /// Whether the machine could not do it this time: a disk that is full or fails, no memory, no numbers left. Another time it may; what was asked for is
    /// not wrong.
    package var isOfTheMachine: Bool { Self.ofTheMachine.contains(self) }

    private static let ofTheMachine: [Errno] = [
        .noSpace, .diskQuotaExceeded, .ioError, .readOnlyFileSystem, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem,
        .resourceTemporarilyUnavailable, .interrupted,
    ]
}
