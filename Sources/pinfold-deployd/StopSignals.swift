internal import CLinux
internal import Foundation
internal import LinuxSystem

/// SIGTERM, SIGINT and SIGHUP as events, not as handlers: nothing runs in signal context.
///
/// They are blocked from here on, in every thread that begins later, and wait for the thread that takes them: one that comes while the daemon starts
/// is not lost. Programs that are started get the usual mask back (`ChildProcess`).
struct StopSignals {
    private static let names = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP")]

    /// To be made before any other thread.
    init() {
        signal(SIGPIPE, SIG_IGN)
        var signals = Self.signals
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Calls `body` with the signal's name at each of them, on a thread of its own, for as long as the process lives.
    func whenTold(_ body: @escaping @Sendable (String) -> Void) throws {
        let names = Self.names
        _ = try SystemThread("pinfold-signals") {
            var signals = Self.signals
            var number: Int32 = 0
            while unsafe sigwait(&signals, &number) == 0 {
                if let name = names.first(where: { $0.0 == number })?.1 { body(name) }
            }
        }
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for (number, _) in names { unsafe sigaddset(&signals, number) }
        return signals
    }
}
