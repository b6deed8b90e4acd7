package import AuditLog
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A confined command in the place of this process: its standard streams, its terminal, the signals it gets and its exit code.
package enum ForegroundRun {
    /// Whether standard input is a terminal that this process has in the foreground, so that the command can take it over.
    package static var hasTerminal: Bool { isatty(0) == 1 && tcgetpgrp(0) == getpgrp() }

    /// Runs to the end and answers the exit code: the command's, or 128 and the signal that ended it.
    ///
    /// - Parameter refusals: where those go that the fence records.
    package static func run(
        _ command: [String], in fence: Fence, refusals: AuditOutlet? = nil
    ) throws(FenceError) -> Int32 {
        var handled = sigset_t()
        unsafe sigemptyset(&handled)
        // SIGTTOU so that the terminal can be taken back from the background.
        for number in ConfinedProcess.forwarded + [SIGCHLD, SIGTTOU] { unsafe sigaddset(&handled, number) }
        _ = try call("sigprocmask") { unsafe sigprocmask(SIG_BLOCK, &handled, nil) }
        let signals = Descriptor(owning: try call("signalfd") { unsafe signalfd(-1, &handled, Int32(SFD_CLOEXEC)) })

        var settings = termios()
        if fence.terminal { unsafe tcgetattr(0, &settings) }
        defer {
            if fence.terminal {
                tcsetpgrp(0, getpgrp())
                unsafe tcsetattr(0, TCSADRAIN, &settings)
            }
        }
        let process = try ConfinedProcess(command, in: fence, descriptors: [0: 0, 1: 1, 2: 2], refusals: refusals)
        do throws(Errno) {
            while try !process.ends(withinMilliseconds: 0) {
                var information = signalfd_siginfo()
                let size = MemoryLayout<signalfd_siginfo>.size
                let raw = signals.rawValue
                guard try check({ unsafe read(raw, &information, size) }) == size else { continue }
                let number = Int32(information.ssi_signo)
                // It may have ended in between.
                if ConfinedProcess.forwarded.contains(number) { try? process.signal(number) }
            }
            return try process.wait().shellCode
        } catch {
            throw FenceError("the command's end cannot be seen: \(error)", kind: .refused)
        }
    }
}
