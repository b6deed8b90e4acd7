package import AuditLog
internal import CLinux
package import Fence
package import LinuxSystem
internal import SystemPackage

/// A confined command in the place of this process: its standard streams, its terminal, the signals it gets and its exit code.
package enum ForegroundRun {
    /// Whether standard input is a terminal that this process has in the foreground, so that the command can take it over.
    package static var hasTerminal: Bool { isatty(0) == 1 && tcgetpgrp(0) == getpgrp() }

    /// How it came to its end.
    package enum Ending: Hashable, Sendable {
        /// The command's exit code, or 128 and the signal that ended it.
        case exited(Int32)
        /// What it stood on had gone, so everything behind the fence was killed.
        case killedWithItsView
    }

    /// Runs to the end.
    ///
    /// - Parameters:
    ///   - refusals: where those go that the fence records.
    ///   - viewDaemon: a pidfd of the process that serves the view. With it everything ends: nothing that the command could still do in a dead view
    ///     would be more than another error, and a program that tries again at each of them takes a processor.
    package static func run(
        _ command: [String], in fence: Fence, refusals: AuditOutlet? = nil, viewDaemon: SharedDescriptor? = nil
    ) throws(FenceError) -> Ending {
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
        let process = try ConfinedProcess(
            command, in: fence, descriptors: [0: 0, 1: 1, 2: 2], supervisor: try recorder(of: fence, refusals))
        var daemon = viewDaemon?.descriptor.rawValue ?? -1
        var lostView = false
        if let reason = process.unbounded {
            writeError("pinfold: memory is not bounded in sum (\(fence.group.variable ?? "control groups")): \(reason)\n")
        }
        do throws(Errno) {
            while try !process.ends(withinMilliseconds: 0) {
                // A negative number is not looked at.
                var waiting = [
                    pollfd(fd: signals.rawValue, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: daemon, events: Int16(POLLIN), revents: 0),
                ]
                _ = try check { unsafe poll(&waiting, 2, -1) }
                if waiting[1].revents != 0 {
                    (daemon, lostView) = (-1, true)
                    try process.kill()
                }
                guard waiting[0].revents != 0 else { continue }
                var information = signalfd_siginfo()
                let size = MemoryLayout<signalfd_siginfo>.size
                let raw = signals.rawValue
                guard try check({ unsafe read(raw, &information, size) }) == size else { continue }
                let number = Int32(information.ssi_signo)
                // It may have ended in between.
                if ConfinedProcess.forwarded.contains(number) { try? process.signal(number) }
            }
            let starved = process.outOfMemory
            let status = try process.wait()
            if let starved { writeError("pinfold: \(starved.sentence(fence.group))\n") }
            return lostView ? .killedWithItsView : .exited(status.shellCode)
        } catch {
            throw FenceError("the command's end cannot be seen: \(error)", kind: .refused)
        }
    }

    private static func recorder(of fence: Fence, _ refusals: AuditOutlet?) throws(FenceError) -> RefusalRecorder? {
        guard fence.recordsRefusals, let refusals else { return nil }
        do throws(Errno) {
            return try RefusalRecorder(user: fence.user, outlet: refusals)
        } catch {
            throw FenceError("the record of refusals cannot be kept: \(error)", kind: .refused)
        }
    }
}
