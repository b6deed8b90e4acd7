internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What a server that ends by a fault leaves to its keeper, before it ends.
///
/// The kernel says how a process ended when its last thread has gone. It keeps one that waits for a directory that a request has locked, until the next server has
/// answered that request: which may be the one that this server fell over.
enum FaultMark {
    /// Signals that a process sends itself, or the kernel sends it for what it does; SIGSYS is `RefusedCall`'s.
    static let signals = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE]

    /// Set before this process has another thread.
    nonisolated(unsafe) private static var word: UnsafeMutablePointer<UInt64>?

    /// Has this process write 1 to `word`, in memory that lives on, before it ends by one of them.
    static func leave(in word: UnsafeMutablePointer<UInt64>) throws(Errno) {
        unsafe Self.word = unsafe word
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { number in
            unsafe FaultMark.word?.pointee = 1
            // Its default takes place when this returns, also where somebody else has sent it.
            raise(number)
        }
        action.sa_flags = CInt(bitPattern: UInt32(SA_RESETHAND))
        for number in signals { _ = try check { unsafe sigaction(number, &action, nil) } }
    }
}
