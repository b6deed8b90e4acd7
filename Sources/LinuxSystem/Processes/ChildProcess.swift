internal import CLinux
package import SystemPackage

/// A process that this one started, held by a pidfd so that no signal ever reaches a stranger with a reused number.
///
/// Started by `posix_spawn`, which glibc builds on `vfork`: safe with any number of threads, and nothing is inherited but what is given.
/// The owner must `wait`; a child let go of without that is killed and reaped.
package struct ChildProcess: ~Copyable, Sendable {
    /// What to start.
    package struct Command: Sendable {
        /// The program: a path, or a name that is looked up in `PATH` where it has no slash.
        package var program: String
        package var arguments: [String]
        /// `NAME=value` entries; nil passes on this process's own environment.
        package var environment: [String]?
        package var workingDirectory: String?
        /// The child's descriptors by number; 0, 1 and 2 are `/dev/null` where they are not given. The numbers on the right are this process's.
        package var descriptors: [Int32: Int32]
        /// Whether the child leads a session of its own, away from this terminal and process group.
        package var newSession: Bool
        /// Whether the child leads a process group of its own in this session: what a terminal's keys signal does not reach it.
        package var newProcessGroup: Bool
        /// Signals that are blocked in the child from its first instruction on, and stay pending until it takes them.
        package var blockedSignals: [Int32]

        package init(
            _ program: String, _ arguments: [String] = [], environment: [String]? = nil, workingDirectory: String? = nil,
            descriptors: [Int32: Int32] = [0: 0, 1: 1, 2: 2], newSession: Bool = false,
            newProcessGroup: Bool = false, blockedSignals: [Int32] = []
        ) {
            self.program = program
            self.arguments = arguments
            self.environment = environment
            self.workingDirectory = workingDirectory
            self.descriptors = descriptors
            self.newSession = newSession
            self.newProcessGroup = newProcessGroup
            self.blockedSignals = blockedSignals
        }
    }

    package let pid: Int32
    private let pidfd: Int32

    /// Starts `command`, in `group` from its first instruction on. The error is that of the spawn: ENOENT where the program does not exist, EACCES
    /// where it cannot be run.
    package init(_ command: Command, in group: ControlGroup? = nil) throws(Errno) {
        let started = if let group { try Self.start(command, in: group) } else { try Self.spawn(command) }
        let descriptor: Int32
        do {
            // The child is not reaped yet, so the number is still its own.
            descriptor = try check { pinfold_pidfd_open(started, 0) }
        } catch {
            kill(started, SIGKILL)
            waitpid(started, nil, 0)
            throw error
        }
        pid = started
        pidfd = descriptor
    }

    private static func spawn(_ command: Command) throws(Errno) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // First move every source out of the way of the targets, so that no dup2 overwrites one that is needed later.
        let highest = max(command.descriptors.keys.max() ?? 2, 2)
        var moved: [(target: Int32, source: Int32)] = []
        defer { for entry in moved { close(entry.source) } }
        for (target, source) in command.descriptors {
            moved.append((target, try check { pinfold_fcntl(source, F_DUPFD_CLOEXEC, Int64(highest + 1)) }))
        }
        for standard in Int32(0)...2 where command.descriptors[standard] == nil {
            unsafe posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", standard == 0 ? O_RDONLY : O_WRONLY, 0)
        }
        for (target, source) in moved { unsafe posix_spawn_file_actions_adddup2(&actions, source, target) }
        // Everything above the given numbers that somebody opened without close-on-exec.
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, highest + 1)
        if let directory = command.workingDirectory { unsafe posix_spawn_file_actions_addchdir_np(&actions, directory) }

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        if command.newSession { flags |= Int32(POSIX_SPAWN_SETSID) }
        if command.newProcessGroup { flags |= Int32(POSIX_SPAWN_SETPGROUP) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        for signal in command.blockedSignals { unsafe sigaddset(&blocked, signal) }
        unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)

        var pid: Int32 = 0
        let code = unsafe withCStrings([command.program] + command.arguments) { argv in
            if let environment = command.environment {
                return unsafe withCStrings(environment) { envp in
                    unsafe posix_spawnp(&pid, command.program, &actions, &attributes, argv, envp)
                }
            }
            return unsafe posix_spawnp(&pid, command.program, &actions, &attributes, argv, pinfold_environ())
        }
        guard code == 0 else { throw Errno(rawValue: code) }
        return pid
    }

    deinit {
        _ = pinfold_pidfd_send_signal(pidfd, SIGKILL)
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) == -1, pinfold_errno() == EINTR {}
        close(pidfd)
    }

    /// Sends a signal; ESRCH where it has ended already.
    package borrowing func signal(_ number: Int32) throws(Errno) {
        let raw = pidfd
        _ = try check { pinfold_pidfd_send_signal(raw, number) }
    }

    /// Whether it ends within `milliseconds`; a negative number waits for as long as it takes. It still has to be waited for.
    package borrowing func ends(withinMilliseconds milliseconds: Int32) throws(Errno) -> Bool {
        var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        return try check { unsafe poll(&entry, 1, milliseconds) } == 1
    }

    /// Waits for the end and reaps.
    package consuming func wait() throws(Errno) -> ExitStatus {
        let pid = self.pid
        var status: Int32 = 0
        _ = try check { unsafe waitpid(pid, &status, 0) }
        reaped()
        return ExitStatus(status: status)
    }

    /// Lets it run on without this process: a daemon that says itself when it is ready, and whose parent ends next.
    package consuming func leaveRunning() {
        close(pidfd)
        discard self
    }

    private consuming func reaped() {
        // Only the pidfd is left to close: the number may be another process's from now on.
        close(pidfd)
        discard self
    }
}

/// The strings as a null-terminated array of C strings, for the length of `body`.
@unsafe package func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
    return unsafe pointers.withUnsafeBufferPointer { buffer in
        // Never empty: it ends in nil.
        unsafe body(buffer.baseAddress.unsafelyUnwrapped)
    }
}
