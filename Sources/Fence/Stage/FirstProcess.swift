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
        guard signals >= 0 else { fail("the command cannot be started: \(Errno.current)", 1) }
        let command = startCommand()
        // Nobody else listens there; who supervises calls knows by what it is told of.
        var begun: UInt8 = 1
        if orders.supervision == nil { _ = unsafe send(lifeline, &begun, 1, Int32(MSG_NOSIGNAL)) }
        // What the command was given must not be held open here: its reader waits for the end of what is written.
        closeWhatTheCommandHas()
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

    private func closeWhatTheCommandHas() {
        let null = unsafe pinfold_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
        for number in Int32(0)...2 where null >= 0 { dup2(null, number) }
        if null > 2 { close(null) }
        for number in orders.further { close(number) }
    }

    /// Starts the program: in its own process group with the terminal, with signals as a fresh process has them. Or ends with the reason.
    private func startCommand() -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        var flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        if orders.terminal {
            flags |= Int32(POSIX_SPAWN_SETPGROUP)
            // Every signal is blocked until the program starts, SIGTTOU too: a process group in the background may do this.
            unsafe posix_spawn_file_actions_addtcsetpgrp_np(&actions, 0)
        }
        // Each comes to a lower number than its own, in order, so that none is lost to another.
        for (index, number) in orders.further.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, number, 3 + Int32(index))
        }
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3 + Int32(orders.further.count))
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe posix_spawnattr_setsigmask(&attributes, &set)
        unsafe sigfillset(&set)
        unsafe posix_spawnattr_setsigdefault(&attributes, &set)

        var command: pid_t = 0
        var code = ENOENT
        if let path = searchPath {
            unsafe setenv("PATH", path, 1)
            let environment = orders.environment.map { "\($0.key)=\($0.value)" }
            code = unsafe withCStrings(orders.command) { argv in
                unsafe withCStrings(environment) { envp in
                    unsafe posix_spawnp(&command, orders.command[0], &actions, &attributes, argv, envp)
                }
            }
        }
        switch code {
        case 0: return command
        case ENOENT, ENOTDIR: fail("\(orders.command[0]): no such command", 127)
        // A directory that the user may not enter says the same as a file that he may not run.
        case EACCES where !isThere: fail("\(orders.command[0]): no such command", 127)
        // No process, whatever the program.
        case EAGAIN, ENOMEM: fail("the command cannot be started: \(Errno(rawValue: code))", 1)
        default: fail("\(orders.command[0]): \(Errno(rawValue: code))", 126)
        }
    }

    /// Where `posix_spawnp` looks for a name, as a shell does: a file that may not be run does not hide one that may. Empty entries, which would be
    /// the working directory, are none; nil where none is left.
    private var searchPath: String? {
        var path = ""
        for directory in (orders.environment["PATH"] ?? "/usr/bin:/bin").utf8.split(separator: UInt8(ascii: ":")) {
            path += (path.isEmpty ? "" : ":") + String(Substring(directory))
        }
        return path.isEmpty && !orders.command[0].contains("/") ? nil : path
    }

    /// Whether the program is seen anywhere.
    private var isThere: Bool {
        let name = orders.command[0]
        return name.contains("/") || (searchPath ?? "").split(separator: ":").contains { unsafe access("\($0)/\(name)", F_OK) == 0 }
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
