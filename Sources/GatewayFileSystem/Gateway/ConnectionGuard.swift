internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A process of its own that ends the kernel's connections when the daemon has been killed.
///
/// The kernel ends one by itself when the last descriptor of its device is closed. A thread that is sending a notification has one open, and waits for the
/// lock of a directory where no signal reaches it; whoever holds that lock may be waiting for an answer that the dead workers owe. Then neither
/// ever ends, nor does the daemon, and everybody who uses the view hangs with them. The guard has a descriptor of each connection's `abort` in the
/// kernel's `fusectl` and writes to them all, whichever way the daemon went.
///
/// It holds nothing else of the daemon, and has no capabilities. Killed itself, it leaves the daemon as it is, which says so.
struct ConnectionGuard: ~Copyable {
    /// The daemon's end: a packet with the number of a connection goes out, one with an errno comes back.
    private let link: Descriptor

    /// Starts the guard: before there are threads, after privileges were given up.
    /// - Parameter byThread: whether a thread of its own is to start it. The guard is told of the end of the thread that made it (`man 2 prctl`,
    ///   PR_SET_PDEATHSIG), so that has to be one which never waits for anything that outlasts a SIGKILL.
    /// - Parameter isArmed: false for one that ends nothing before it is told that the connections are this daemon's.
    static func start(byThread: Bool, isArmed: Bool = true) throws(Errno) -> ConnectionGuard {
        let control = try DetachedMount.new(type: "fusectl", [], [.noSetuid, .noDevices, .noExecution])
        let pair = try SocketPair(keepsPackets: true)
        let theirs = try pair.other.duplicate()
        let ours = ConnectionGuard(link: pair.keepOne())
        let (raw, root, daemon) = (theirs.rawValue, control.root.rawValue, getpid())
        if byThread {
            _ = try SystemThread("guard") {
                start(raw, root, daemon, isArmed)
                while true { poll(nil, 0, -1) }
            }
        } else {
            start(raw, root, daemon, isArmed)
        }
        try expectSuccess(ours.link.rawValue)
        // From here on the end of the link is the guard's: this process has let go of it.
        _ = consume theirs
        _ = consume control
        return ours
    }

    private static func start(_ link: Int32, _ control: Int32, _ daemon: pid_t, _ isArmed: Bool) {
        switch pinfold_fork() {
        case 0: Guard(link: link, control: control, daemon: daemon, isArmed: isArmed).run()
        case -1: try? send(link, pinfold_errno())
        default: break
        }
    }

    /// Makes the guard end the connection of this mount too; `device` is the mount's.
    borrowing func add(_ device: UInt64) throws(Errno) {
        // The kernel's directory of a connection is named by its device number; FUSE's are all of major number 0.
        try Self.send(link.rawValue, Int32(bitPattern: pinfold_minor(device)))
        try Self.expectSuccess(link.rawValue)
    }

    /// The connections are this daemon's from here on.
    borrowing func arm() throws(Errno) {
        try Self.send(link.rawValue, Self.armed)
        try Self.expectSuccess(link.rawValue)
    }

    /// Has the guard end, and leave the connections as they are: they have another one.
    borrowing func standDown() {
        do throws(Errno) {
            try Self.send(link.rawValue, Self.end)
            try Self.expectSuccess(link.rawValue)
        } catch {
            // It is gone already.
        }
    }

    // In the place of a connection's number.
    fileprivate static let end: Int32 = -1
    fileprivate static let armed: Int32 = -2

    /// Readable when the guard is gone.
    var rawDescriptor: Int32 { link.rawValue }

    private static func expectSuccess(_ link: Int32) throws(Errno) {
        let answer = try receive(link, milliseconds: 10_000)
        guard answer == 0 else { throw Errno(rawValue: answer) }
    }

    fileprivate static func send(_ link: Int32, _ number: Int32) throws(Errno) {
        var number = number
        _ = try check { unsafe write(link, &number, 4) }
    }

    /// The next number; ETIMEDOUT where none comes, EPIPE where the other end is gone.
    fileprivate static func receive(_ link: Int32, milliseconds: Int32) throws(Errno) -> Int32 {
        var entry = pollfd(fd: link, events: Int16(POLLIN), revents: 0)
        guard try check({ unsafe poll(&entry, 1, milliseconds) }) == 1 else { throw .timedOut }
        var number: Int32 = 0
        guard try check({ unsafe read(link, &number, 4) }) == 4 else { throw .brokenPipe }
        return number
    }
}

/// The guard's own side, in its process.
private struct Guard {
    let link: Int32
    let control: Int32
    let daemon: pid_t
    let isArmed: Bool

    func run() -> Never {
        unsafe pinfold_thread_name("pinfold-guard")
        // Away from the daemon's terminal, and deaf to what is meant for the daemon.
        setsid()
        do throws(Errno) {
            let signals = try Signals([SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE])
            _ = try check { pinfold_prctl(PR_SET_PDEATHSIG, UInt(SIGUSR1), 0, 0, 0) }
            let kept = [link, control, signals.rawDescriptor].sorted()
            var first: Int32 = 0
            for number in kept {
                if number > first { _ = pinfold_close_range(UInt32(first), UInt32(number - 1), 0) }
                first = number + 1
            }
            _ = pinfold_close_range(UInt32(first), .max, 0)
            // A descriptor that is open was allowed when it was opened; root's own files need no capability.
            try Capabilities.reduce(to: [])
            try ConnectionGuard.send(link, 0)
            serve(signals)
        } catch {
            try? ConnectionGuard.send(link, error.rawValue)
        }
        _exit(0)
    }

    /// Until the daemon is gone: by its signal, or by the end of the link where it was not in the middle of anything.
    private func serve(_ signals: borrowing Signals) {
        var connections: [SharedDescriptor] = []
        var isArmed = isArmed
        defer { if isArmed { for connection in connections { abort(connection.descriptor) } } }
        while true {
            var entries = [
                pollfd(fd: link, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.rawDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&entries, 2, -1)
            while let signal = signals.next() {
                // Sent by the kernel in the daemon's name: the same from anybody else means nothing.
                if signal.number == SIGUSR1, signal.sender == daemon { return }
            }
            guard entries[0].revents != 0 else { continue }
            guard let number = try? ConnectionGuard.receive(link, milliseconds: 0) else { return }
            var answer: Int32 = 0
            if number < 0 {
                isArmed = number == ConnectionGuard.armed
                try? ConnectionGuard.send(link, answer)
                if isArmed { continue } else { return }
            }
            do throws(Errno) {
                connections.append(SharedDescriptor(try open(UInt32(bitPattern: number))))
            } catch {
                answer = error.rawValue
            }
            try? ConnectionGuard.send(link, answer)
        }
    }

    private func open(_ connection: UInt32) throws(Errno) -> Descriptor {
        let control = self.control
        return Descriptor(owning: try check { unsafe pinfold_openat(control, "\(connection)/abort", O_WRONLY | O_CLOEXEC, 0) })
    }

    /// Nothing happens where the connection is over: its file leads nowhere then (`fuse_conn_abort_write`).
    private func abort(_ connection: borrowing Descriptor) {
        _ = unsafe write(connection.rawValue, "1", 1)
    }
}
