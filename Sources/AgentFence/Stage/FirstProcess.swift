internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The first process of the PID namespace, as confined as the command itself: starts it, passes signals on, reaps what is orphaned, and ends
/// with the command's exit code. The kernel then ends whatever is left.
struct FirstProcess {
    private let orders: StageOrders
    private let lifeline: Int32

    init(_ orders: StageOrders, lifeline: Int32) {
        self.orders = orders
        self.lifeline = lifeline
    }

    func run() -> Never {
        // Blocked and taken from a descriptor: as first process of its namespace it would ignore what has no handler.
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe sigprocmask(SIG_SETMASK, &all, nil)
        let signals = unsafe signalfd(-1, &all, Int32(SFD_CLOEXEC))
        let command = pinfold_fork()
        if command == 0 { startCommand() }
        guard command > 0, signals >= 0 else { fail("the command cannot be started: \(Errno.current)", 1) }
        // What the command was given must not be held open here: its reader waits for the end of what is written.
        closeStandardStreams()
        while true {
            var waiting = [
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0), pollfd(fd: lifeline, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&waiting, 2, -1) > 0 else { continue }
            // The launcher is gone, even if it was killed before bubblewrap could be told.
            if waiting[1].revents != 0 { _exit(137) }
            if waiting[0].revents != 0 { take(signals, command) }
        }
    }

    private func take(_ signals: Int32, _ command: pid_t) {
        var information = signalfd_siginfo()
        guard unsafe read(signals, &information, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size else {
            return
        }
        let number = Int32(information.ssi_signo)
        guard number == SIGCHLD else {
            kill(command, number)
            return
        }
        var status: Int32 = 0
        while true {
            let ended = unsafe waitpid(-1, &status, WNOHANG | WUNTRACED)
            guard ended > 0 else { return }
            guard ended == command else { continue }
            if status & 0xff == 0x7f {
                // Stopped from its terminal (Ctrl-Z): nobody in here could continue it.
                kill(command, SIGCONT)
                continue
            }
            _exit(pinfold_WIFEXITED(status) != 0 ? pinfold_WEXITSTATUS(status) : 128 + pinfold_WTERMSIG(status))
        }
    }

    private func closeStandardStreams() {
        let null = unsafe pinfold_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
        for number in Int32(0)...2 where null >= 0 { dup2(null, number) }
        if null > 2 { close(null) }
    }

    /// In the child: its own process group with the terminal, signals as a fresh process has them, and the program.
    private func startCommand() -> Never {
        if orders.terminal {
            setpgid(0, 0)
            // SIGTTOU is blocked here, so a process group in the background may do this.
            tcsetpgrp(0, getpid())
        }
        _ = pinfold_close_range(3, UInt32.max, 0)
        for number in Int32(1)..<65 { pinfold_signal_default(number) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigprocmask(SIG_SETMASK, &none, nil)
        let environment = orders.environment.map { "\($0.key)=\($0.value)" }
        let error = execute(environment)
        fail(
            "\(orders.command[0]): \(error == .noSuchFileOrDirectory ? "no such command" : error.description)",
            error == .noSuchFileOrDirectory ? 127 : 126)
    }

    /// Tries each place in the fence's own PATH, as a shell does: a file that may not be run does not hide one that may.
    private func execute(_ environment: [String]) -> Errno {
        let name = orders.command[0]
        var candidates = [name]
        if !name.contains("/") {
            candidates = (orders.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
        }
        guard !name.isEmpty else { return .noSuchFileOrDirectory }
        var worst = Errno.noSuchFileOrDirectory
        for candidate in candidates {
            unsafe withCStrings(orders.command) { argv in
                unsafe withCStrings(environment) { envp in
                    _ = unsafe execve(candidate, argv, envp)
                }
            }
            let error = Errno.current
            if error == .noSuchFileOrDirectory || error == .notDirectory { continue }
            worst = error
            if error != .permissionDenied { return error }
        }
        return worst
    }

    private func fail(_ message: String, _ code: Int32) -> Never {
        writeError("pinfold-fence: \(message)\n")
        _exit(code)
    }
}

/// Writes to standard error, whole or not at all.
package func writeError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe write(2, bytes, bytes.count)
}

/// Ends this process without running what the C library registered.
package func exitNow(_ code: Int32) -> Never {
    _exit(code)
}
