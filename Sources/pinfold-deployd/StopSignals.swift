internal import CLinux
internal import Dispatch
internal import Foundation

/// SIGTERM, SIGINT and SIGHUP as events, not as handlers: nothing runs in signal context.
final class StopSignals {
    private var sources: [any DispatchSourceSignal] = []

    init() {
        // Ignored by the kernel, seen by the dispatch sources. Programs that are started get the default action back.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        signal(SIGINT, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
    }

    /// Calls `body` with the signal's name at each of them, for as long as this object lives.
    func whenTold(_ body: @escaping @Sendable (String) -> Void) {
        for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP")] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { body(name) }
            source.activate()
            sources.append(source)
        }
    }
}
