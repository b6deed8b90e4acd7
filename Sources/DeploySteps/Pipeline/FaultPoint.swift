internal import CLinux

/// Named points at which a test kills the daemon, as the power going out would: only in debug builds, only where
/// `PINFOLD_FAULT=<point>` is set. The points are `<stage>:begin`, `<stage>:inside`, `<stage>:end` and `<stage>:saved`.
package struct FaultPoint: Sendable {
    private let armed: String?

    /// - Parameter armed: the point to die at; nil for none.
    package init(armed: String?) {
        #if DEBUG
            self.armed = armed
        #else
            self.armed = nil
        #endif
    }

    package func reach(_ stage: String, _ point: String) {
        #if DEBUG
            guard let armed, armed == stage + ":" + point else { return }
            kill(getpid(), SIGKILL)
            // SIGKILL reaches a multi-threaded process a moment later: nothing more may happen here.
            while true { pause() }
        #endif
    }
}
