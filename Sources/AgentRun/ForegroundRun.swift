package import AuditLog
internal import CLinux
package import Fence
internal import LinuxSystem
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
    ///   - viewDaemon: who serves the view. With that everything ends: nothing that the command could still do in a dead view would be more than another
    ///     error, and a program that tries again at each of them takes a processor.
    package static func run(
        _ command: [String], in fence: Fence, refusals: AuditOutlet? = nil, viewDaemon: ViewDaemon? = nil
    ) throws(FenceError) -> Ending {
        var handled = sigset_t()
        unsafe sigemptyset(&handled)
        // SIGTTOU so that the terminal can be taken back from the background.
        for number in ConfinedProcess.forwarded + [SIGCHLD, SIGTTOU] { unsafe sigaddset(&handled, number) }
        _ = try call("sigprocmask") { unsafe sigprocmask(SIG_BLOCK, &handled, nil) }
        let signals = Descriptor(owning: try call("signalfd") { unsafe signalfd(-1, &handled, Int32(SFD_CLOEXEC)) })

        var streams = try CommandStreams(terminal: fence.terminal)
        let end = Result { () throws(FenceError) in
            try attend(command, in: fence, refusals, viewDaemon, signals, &streams)
        }
        // Before anything is said: the command may have stopped the terminal.
        streams.giveBack()
        let (ending, starved, warning) = try end.get()
        warning?.value
        if let starved { writeError("pinfold: \(starved.sentence(fence.group))\n") }
        return ending
    }

    private typealias End = (ending: Ending, starved: ControlGroup.OutOfMemory?, warning: Pending<Void>?)

    private static func attend(
        _ command: [String], in fence: Fence, _ refusals: AuditOutlet?, _ viewDaemon: ViewDaemon?,
        _ signals: borrowing Descriptor, _ streams: inout CommandStreams
    ) throws(FenceError) -> End {
        let process = try ConfinedProcess(
            command, in: fence, descriptors: streams.descriptors, supervisor: try recorder(of: fence, refusals))
        streams.letGo()
        var daemon = viewDaemon?.process
        var isDaemonUnknown = false
        var lostView = false
        let warning = process.unbounded.flatMap { warn(fence, $0) }
        do throws(Errno) {
            while try !process.ends(withinMilliseconds: 0) {
                // A negative number is not looked at.
                var waiting = [
                    pollfd(fd: signals.rawValue, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: daemon?.descriptor.rawValue ?? -1, events: Int16(POLLIN), revents: 0),
                ]
                let count = try check { unsafe poll(&waiting, 2, isDaemonUnknown ? 500 : -1) }
                if waiting[1].revents != 0 || count == 0 {
                    (daemon, isDaemonUnknown) = (nil, false)
                    switch viewDaemon?.successor() ?? .died {
                    case .served(let successor): daemon = successor
                    case .unknown: isDaemonUnknown = true
                    case .died:
                        lostView = true
                        try process.kill()
                    }
                }
                guard waiting[0].revents != 0 else { continue }
                var information = signalfd_siginfo()
                let size = MemoryLayout<signalfd_siginfo>.size
                let raw = signals.rawValue
                guard try check({ unsafe read(raw, &information, size) }) == size else { continue }
                let number = Int32(information.ssi_signo)
                if number == SIGWINCH { streams.followSize() }
                // It may have ended in between.
                if ConfinedProcess.forwarded.contains(number) { try? process.signal(number) }
            }
            let starved = process.outOfMemory
            let status = try process.wait()
            return (lostView ? .killedWithItsView : .exited(status.shellCode), starved, warning)
        } catch {
            throw FenceError("the command's end cannot be seen: \(error)", kind: .refused)
        }
    }

    /// Says that memory is not bounded, in a thread of its own: the command has the terminal by now and may have stopped it.
    private static func warn(_ fence: Fence, _ reason: String) -> Pending<Void>? {
        let variable = fence.group.variable ?? "control groups"
        return try? Pending("warning") { writeError("pinfold: memory is not bounded in sum (\(variable)): \(reason)\n") }
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
