internal import CLinux

/// Named points at which a test kills the daemon, as the power going out would, or looks in: only in debug builds. Set
/// `PINFOLD_FAULT=<point>` to die there. The points are `<stage>:begin`, `<stage>:inside`, `<stage>:end` and `<stage>:saved`, and those
/// that a stage has beside them.
package struct FaultPoint: Sendable {
    #if DEBUG
        private let armed: String?
        private let hook: (@Sendable (String) -> Void)?
    #endif

    /// - Parameters:
    ///   - armed: the point to die at; nil for none.
    ///   - hook: called on the thread that comes to a point, with its name; that thread goes on when it returns.
    package init(armed: String?, hook: (@Sendable (String) -> Void)? = nil) {
        #if DEBUG
            self.armed = armed
            self.hook = hook
        #endif
    }

    package func reach(_ stage: String, _ point: String) {
        #if DEBUG
            hook?(stage + ":" + point)
            guard let armed, armed == stage + ":" + point else { return }
            kill(getpid(), SIGKILL)
            // SIGKILL reaches a multi-threaded process a moment later: nothing more may happen here.
            while true { pause() }
        #endif
    }
}
