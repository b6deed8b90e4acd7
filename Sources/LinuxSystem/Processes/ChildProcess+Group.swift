internal import CLinux
internal import SystemPackage

extension ChildProcess {
    /// What `posix_spawn` does for a command without a group, by a call that can start it in one.
    static func start(_ command: Command, in group: ControlGroup) throws(Errno) -> Int32 {
        let highest = max(command.descriptors.keys.max() ?? 2, 2)
        var given = command.descriptors
        // Lives until the child has its copy.
        let null = try Descriptor.open("/dev/null", .readWrite)
        for standard in Int32(0)...2 where given[standard] == nil { given[standard] = null.rawValue }
        // Out of the way of the targets, so that none is overwritten before it has been copied.
        var sources: [Int32] = []
        defer { for source in sources { close(source) } }
        var targets: [Int32] = []
        for (target, source) in given {
            sources.append(try check { pinfold_fcntl(source, F_DUPFD_CLOEXEC, Int64(highest + 1)) })
            targets.append(target)
        }
        let pipe = try Pipe()
        // Above the targets, too.
        let report = pinfold_fcntl(pipe.writing.rawValue, F_DUPFD_CLOEXEC, Int64(highest + 1))
        let answer = pipe.keepReading()
        guard report >= 0 else { throw .tooManyOpenFiles }
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        for signal in command.blockedSignals { unsafe sigaddset(&blocked, signal) }
        // Moved up likewise: they are written to before anything is put in place, and closed when the program starts.
        let tasks = group.directories.compactMap { $0.tasks?.descriptor.rawValue }
        let unified = group.directories.first { $0.version == .two }?.handle.descriptor.rawValue ?? -1

        let arguments = [command.program] + command.arguments
        let started = unsafe withCStrings(arguments) { argv in
            if let environment = command.environment {
                return unsafe withCStrings(environment) { envp in unsafe birth(argv, envp) }
            }
            return unsafe birth(argv, pinfold_environ())
        }
        func birth(
            _ argv: UnsafePointer<UnsafeMutablePointer<CChar>?>, _ envp: UnsafePointer<UnsafeMutablePointer<CChar>?>?
        ) -> Result<Int32, Errno> {
            unsafe targets.withUnsafeBufferPointer { targets in
                unsafe sources.withUnsafeBufferPointer { sources in
                    unsafe tasks.withUnsafeBufferPointer { tasks in
                        unsafe withUnsafePointer(to: blocked) { blocked in
                            unsafe withOptionalCString(command.workingDirectory) { directory in
                                var birth = unsafe pinfold_birth(
                                    program: argv[0], directory: directory, arguments: argv, environment: envp,
                                    targets: targets.baseAddress, sources: sources.baseAddress, tasks: tasks.baseAddress,
                                    count: Int32(targets.count), task_count: Int32(tasks.count), group: unified, highest: highest,
                                    report: report, new_session: command.newSession ? 1 : 0,
                                    new_process_group: command.newProcessGroup ? 1 : 0, blocked: blocked)
                                return Result { () throws(Errno) in try check { unsafe pinfold_start_in_group(&birth) } }
                            }
                        }
                    }
                }
            }
        }
        // This copy must be gone before the child's can be the last.
        close(report)
        let child = try started.get()
        var code: Int32 = 0
        let raw = answer.rawValue
        let count = try check { unsafe read(raw, &code, MemoryLayout<Int32>.size) }
        if count == 0 { return child }
        _ = try check { waitpid(child, nil, 0) }
        throw Errno(rawValue: code)
    }
}

@unsafe private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    if let text { unsafe text.withCString { unsafe body($0) } } else { body(nil) }
}
