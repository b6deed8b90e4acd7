internal import CLinux
package import LinuxSystem
package import SystemPackage

/// A command that runs behind a fence, and everything that it starts: all of it is gone when this value is, or when this process dies.
package struct ConfinedProcess: ~Copyable, Sendable {
    private var launcher: ChildProcess
    /// The first process inside, which passes signals on to the command; nil where it ended before it could be looked at.
    private let stage: SharedDescriptor?
    /// The other end is watched inside: when the last copy of this one closes, everything there ends.
    private let lifeline: SharedDescriptor
    private let supervisor: (any CallSupervisor)?
    /// What it is in, with everything that it starts. Let go of last, when all that has ended.
    private let group: ControlGroup?
    /// Why its memory is not bounded in sum although the fence says so; nil where it is.
    package let unbounded: String?

    /// Builds the fence and starts `command` in it. Needs to be root.
    ///
    /// Without a slash `command[0]` is looked up in the fence's PATH, inside. What goes wrong inside, the self-test above all, is a line on the
    /// command's standard error that begins with `pinfold-fence:` and exit code 1; a command that does not exist is 127, one that cannot be run 126.
    ///
    /// - Parameter descriptors: standard input, output and error; each that is not given is `/dev/null`.
    /// - Parameter further: what the command gets as 3, 4, …. Nothing else is inherited.
    /// - Parameter supervisor: who is told of calls before they are made.
    /// - Parameter tools: programs of Pinfold (`pinfold-git`) that the command needs: they appear in `/run/pinfold/`.
    /// - Parameter programs: where those lie, and `pinfold-fence`; nil for the directory of the running one.
    package init(
        _ command: [String], in fence: Fence, descriptors: [Int32: Int32] = [:], further: [Int32] = [],
        supervisor: (any CallSupervisor)? = nil, tools: [String] = [], programs: ProgramDirectory? = nil
    ) throws(FenceError) {
        guard geteuid() == 0 else {
            throw FenceError(
                "only root can build the fence: namespaces without a user namespace, and another user inside", kind: .refused)
        }
        try fence.check(command)
        let bubblewrap = try Self.bubblewrap()
        let programs = try (["pinfold-fence"] + tools).map { name throws(FenceError) in
            (name, try Self.path(of: name, in: programs ?? .own))
        }
        let (made, obstacle, bounded) = Self.makeGroup(fence)
        do throws(Errno) {
            let firstFile: Int32 = 6
            let firstFurther = firstFile + Int32(fence.files.count)
            var words = StageOrders(command, in: bounded, further: firstFurther..<(firstFurther + Int32(further.count)))
            words.supervision = supervisor?.filter
            let orders = try Self.memory("pinfold-fence orders", words.encoded)
            let watched = try SocketPair()
            let information = try Pipe()
            var inherited = descriptors.filter { (0...2).contains($0.key) }
            inherited[3] = orders.rawValue
            inherited[4] = watched.other.rawValue
            inherited[5] = information.writing.rawValue
            for (index, descriptor) in further.enumerated() { inherited[firstFurther + Int32(index)] = descriptor }
            var files: [SharedDescriptor] = []
            for bytes in fence.files {
                let file = SharedDescriptor(try Self.memory("pinfold-fence file", bytes))
                inherited[firstFile + Int32(files.count)] = file.descriptor.rawValue
                files.append(file)
            }
            defer { withExtendedLifetime(files) {} }
            launcher = try ChildProcess(
                .init(
                    bubblewrap,
                    BubblewrapArguments(fence, programs: programs, informationDescriptor: 5, firstFile: firstFile).words,
                    environment: [], workingDirectory: "/", descriptors: inherited, newProcessGroup: true,
                    blockedSignals: Self.forwarded), in: made)
            // Bubblewrap's copy must be the last, or the end of what it writes is never seen.
            let answer = information.keepReading()
            let first = Self.firstProcess(named: (try? readToEnd(answer.rawValue)) ?? [], of: launcher.pid)
            stage = first?.descriptor
            lifeline = SharedDescriptor(watched.keepOne())
            self.supervisor = supervisor
            group = made
            unbounded = obstacle
            if let supervisor, let first {
                supervisor.start(process: first.pid, channel: lifeline)
            } else if supervisor != nil {
                // It has ended already; should it not have, it must not wait to be listened to.
                shutdown(lifeline.descriptor.rawValue, Int32(SHUT_RDWR))
            }
        } catch {
            throw FenceError("the fence cannot be built: \(error)", kind: .refused, passes: FenceError.passes(error))
        }
    }

    /// The launcher's process id, for records; signals go through `signal`.
    package var pid: Int32 { launcher.pid }

    /// Sends a signal to the command (not to what it started). ESRCH where it has ended already.
    package borrowing func signal(_ number: Int32) throws(Errno) {
        guard let stage else { throw .noSuchProcess }
        let raw = stage.descriptor.rawValue
        _ = try check { pinfold_pidfd_send_signal(raw, number) }
    }

    /// Ends every process behind the fence, at once.
    package borrowing func kill() throws(Errno) {
        do throws(Errno) {
            // What the first process has started ends with it, and the launcher then; what should be left goes with the group.
            try signal(SIGKILL)
        } catch {
            if let group { group.kill() } else { try launcher.signal(SIGKILL) }
        }
    }

    /// What the kernel ended behind the fence for want of memory, up to now; nil where nothing.
    package var outOfMemory: ControlGroup.OutOfMemory? { group?.outOfMemory }

    /// Whether it ends within `milliseconds`; a negative number waits for as long as it takes.
    package borrowing func ends(withinMilliseconds milliseconds: Int32) throws(Errno) -> Bool {
        try launcher.ends(withinMilliseconds: milliseconds)
    }

    /// Whether the command itself was started, where nobody supervises its calls: else what is on its standard error, and the exit code, are the
    /// fence's own.
    package borrowing func hasStarted() -> Bool {
        var begun: UInt8 = 0
        return unsafe recv(lifeline.descriptor.rawValue, &begun, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 1
    }

    /// Waits for the command's end: its exit code, or 128 and the signal that ended it.
    package consuming func wait() throws(Errno) -> ExitStatus {
        let status = try launcher.wait()
        // What it did last is on its way still.
        supervisor?.finish(withinMilliseconds: 2000)
        return status
    }

    /// Signals that are passed on to the command. They are blocked from the launcher's first instruction to the stage that takes them, so that
    /// none is lost however early it comes, and bubblewrap does not die of one.
    package static let forwarded: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH]

    /// The group, why it does not bound the memory where it should, and the fence with the limits that stay for each process and user.
    private static func makeGroup(_ fence: Fence) -> (ControlGroup?, obstacle: String?, Fence) {
        do throws(ControlGroup.Failure) {
            let group = try ControlGroup(
                fence.group.name, sharing: fence.group.shared,
                limits: .init(
                    memoryBytes: fence.group.memoryBytes, processes: fence.limits.processes, weight: Fence.Group.weight))
            var rest = fence
            let replaces = fence.group.replacesLimits
            if replaces, group.bounds.contains(.memory) { rest.limits.memoryBytes = nil }
            if replaces, group.bounds.contains(.processes) { rest.limits.processes = nil }
            let isMissing = fence.group.memoryBytes != nil && !group.bounds.contains(.memory)
            return (group, isMissing ? ControlGroupHierarchies.find().obstacle ?? "the kernel does not take the limit" : nil, rest)
        } catch {
            return (nil, fence.group.memoryBytes == nil ? nil : error.description, fence)
        }
    }

    private static func path(of name: String, in directory: ProgramDirectory?) throws(FenceError) -> String {
        if let path = directory?.program(name) { return path }
        throw FenceError(
            "\(name) is not in \(directory?.path ?? "a directory that /proc/self/exe tells"): the installation is not whole",
            kind: .refused)
    }

    private static func bubblewrap() throws(FenceError) -> String {
        for path in ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"] where unsafe access(path, X_OK) == 0 { return path }
        throw FenceError("bubblewrap is not installed: apt-get install bubblewrap", kind: .refused)
    }

    /// An unnamed file in memory (`man 2 memfd_create`) that stands at its start.
    private static func memory(_ name: String, _ bytes: [UInt8]) throws(Errno) -> Descriptor {
        let file = Descriptor(owning: try check { unsafe pinfold_memfd_create(name) })
        try file.writeAll(bytes)
        _ = try file.seek(to: 0, whence: SEEK_SET)
        return file
    }

    /// A descriptor of the process that bubblewrap named (`"child-pid": N`), checked to be its child still: numbers are used again.
    private static func firstProcess(named information: [UInt8], of launcher: Int32) -> (pid: Int32, descriptor: SharedDescriptor)?
    {
        // The first member of a JSON object; its value is the first number there is.
        let digits = String(decoding: information, as: UTF8.self).drop { !$0.isNumber }.prefix { $0.isNumber }
        guard let pid = Int32(digits), let raw = try? check({ pinfold_pidfd_open(pid, 0) }) else { return nil }
        let descriptor = Descriptor(owning: raw)
        // The fourth field is the parent; the second, in parentheses, may hold anything.
        let fields = String(decoding: (try? readWholeFile("/proc/\(pid)/stat")) ?? [], as: UTF8.self)
        guard let end = fields.lastIndex(of: ")") else { return nil }
        let rest = fields[fields.index(after: end)...].split(separator: " ")
        guard rest.count > 1, Int32(rest[1]) == launcher else { return nil }
        return (pid, SharedDescriptor(descriptor))
    }
}

extension Fence {
    /// What no caller may ask for, whatever it is for.
    fileprivate func check(_ command: [String]) throws(FenceError) {
        guard let program = command.first, !program.isEmpty else {
            throw FenceError("there is no command to run", kind: .configuration)
        }
        guard user.uid != 0 else { throw FenceError("nothing runs as root behind the fence", kind: .configuration) }
        let texts = command + environment.map { $0.key + $0.value } + writable + sealed + workingDirectories
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw FenceError("a zero byte in an argument", kind: .configuration)
        }
        guard !environment.keys.contains(where: { $0.isEmpty || $0.contains("=") }) else {
            throw FenceError("the name of an environment variable is empty or holds '='", kind: .configuration)
        }
    }
}
