internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage
internal import ZonePolicy

/// Starts `pinfold-mount` for a plan that has been checked.
enum GatewayDaemon {
    /// The descriptor on which the daemon says `ready`, or `error CODE: …`.
    private static let readyNumber: Int32 = 3
    private static let readyOption = ["--ready-fd", String(readyNumber)]

    /// Becomes the daemon: its signals, its output and its exit code are this command's.
    static func become(_ program: String, _ plan: MountPlan, _ start: borrowing MountStart) throws(CommandFailure) {
        let code = unsafe withCStrings([program] + arguments(plan) + [settingsOption, start.settings]) { words in
            _ = unsafe execv(program, words)
            return Errno.current
        }
        start.takeBack()
        throw CommandFailure(.notDone, "\(program) cannot be started: \(code)")
    }

    /// Starts it in a session of its own, away from this terminal, and returns once the view answers.
    /// - Parameter signals: each of them has it end.
    static func start(
        _ program: String, _ plan: MountPlan, _ start: borrowing MountStart, heeding signals: borrowing Signals
    ) throws {
        let path = MountRuntime(mountpoint: plan.mountpoint).log
        do {
            let log = try Descriptor.open(path, [.writeOnly, .create, .truncate, .append, .noFollow], mode: 0o600)
            let words = arguments(plan) + [settingsOption, start.settings]
            try self.start(program, words, output: log.rawValue, heeding: signals) { status in
                let said = String(decoding: (try? readWholeFile(path)) ?? [], as: UTF8.self).split(separator: "\n").last
                return "the gateway ended with \(status) before the view answered" + (said.map { ": \($0)" } ?? "")
            }
        } catch {
            // The reason is told here: a log that says the same would be left behind.
            unsafe unlink(path)
            start.takeBack()
            throw failure(error, program, "no view is mounted at \(plan.mountpoint)")
        }
    }

    /// - Parameter state: how it is when this was interrupted.
    private static func failure(_ error: any Error, _ program: String, _ state: String) -> any Error {
        switch error {
        case let failure as CommandFailure: return failure
        case let interruption as Interruption:
            Terminal.complain("interrupted; \(state)")
            return ExitCode(128 + interruption.signal)
        default: return CommandFailure(.notDone, "\(program) cannot be started: \(error)")
        }
    }

    /// Has a new process of this program's serve the view that is served now; or leaves it as it is.
    static func replace(_ plan: MountPlan, file: String?) throws {
        let program = try Companion.mount.required()
        var made = MadePaths()
        do {
            try plan.makeClosed(&made)
            let settings = try plan.record(file: file, made: &made)
            // What it says goes where the view's daemon has said it so far. It has no parent but the first process when it takes the view over: systemd waits at a
            // stop for its own children alone.
            let words = arguments(plan) + [settingsOption, settings, replaceOption]
            // Nothing is heeded: whoever ends this command leaves the view with one of the two, as they agree.
            try start("/bin/sh", ["-c", #""$@" &"#, "sh", program] + words, output: nil, heeding: try Signals([])) { _ in
                "the new process ended without a word"
            }
        } catch {
            made.takeBack()
            throw failure(error, program, "the view is left as it is")
        }
        let daemon = (try? MountedView.find(plan.mountpoint))?.daemon.map { ", by process \($0)" } ?? ""
        Terminal.say("\(plan.mountpoint) is served by this version's program now\(daemon)")
    }

    private static let replaceOption = "--replace"
    private static let settingsOption = "--settings"

    /// A signal has come before the view answered.
    private struct Interruption: Error {
        let signal: Int32
    }

    /// - Parameters:
    ///   - output: where it says what happens; nil for nowhere.
    ///   - silent: what is to be said of one that ended without having said why.
    private static func start(
        _ program: String, _ words: [String], output: Int32?, heeding signals: borrowing Signals, silent: (ExitStatus) -> String
    ) throws {
        let pipe = try Pipe()
        var descriptors = [readyNumber: pipe.writing.rawValue]
        if let output { (descriptors[1], descriptors[2]) = (output, output) }
        let child = try ChildProcess(
            .init(
                program, words + readyOption,
                environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], workingDirectory: "/",
                descriptors: descriptors, newSession: true))
        // This end must go, or the reader would never see the daemon's death.
        let reader = pipe.keepReading()
        let (answer, signal) = try line(from: reader, of: child, heeding: signals)
        if let signal {
            while try !child.ends(withinMilliseconds: 50) {
                if signals.next() != nil { try? child.signal(SIGKILL) }
            }
            _ = try child.wait()
            throw Interruption(signal: signal)
        }
        if answer == "ready" {
            child.leaveRunning()
            return
        }
        let status = try child.wait()
        let failures: [(prefix: String, code: CommandExit)] = [("error 1: ", .notDone), ("error 2: ", .usage)]
        for (prefix, code) in failures {
            if let answer, answer.hasPrefix(prefix) { throw CommandFailure(code, String(answer.dropFirst(prefix.count))) }
        }
        throw CommandFailure(status == .exited(CommandExit.usage.rawValue) ? .usage : .notDone, silent(status))
    }

    /// Leaves the view alone that `daemon` serves, where it is the one that was asked for: the same tree with the same zones, for the same user.
    ///
    /// Where its other settings are not those of now, that is said: to take them in, the view has to be mounted anew.
    static func accept(_ daemon: Int32, for plan: MountPlan) throws(CommandFailure) {
        var words = ((try? readWholeFile("/proc/\(daemon)/cmdline")) ?? []).split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        // The program in front, the end of the last word behind.
        words = Array(words.dropFirst().dropLast())
        if words.suffix(2) == readyOption { words.removeLast(2) }
        if words.last == replaceOption { words.removeLast() }
        if words.dropLast().last == settingsOption { words.removeLast(2) }
        guard words.starts(with: identity(plan)) else {
            throw CommandFailure(
                .usage,
                "AGENT_VIEW_MOUNTPOINT: \(plan.mountpoint) is in use: process \(daemon) serves another view there; take it down with "
                    + "'pinfold umount'")
        }
        if words == arguments(plan) { return Terminal.say("\(plan.mountpoint) is served already, by process \(daemon)") }
        Terminal.complain(
            "\(plan.mountpoint) is served already, by process \(daemon), with other settings than those of now; "
                + "'pinfold umount' and 'pinfold mount' take them in")
    }

    /// The first line, or nil where the other end closed without one; and the first signal that has come meanwhile, which has the child end in order, as a second one
    /// ends it at once.
    private static func line(
        from reader: borrowing Descriptor, of child: borrowing ChildProcess, heeding signals: borrowing Signals
    ) throws(Errno) -> (text: String?, signal: Int32?) {
        let number = reader.rawValue
        var bytes: [UInt8] = []
        var first: Int32?
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !bytes.contains(UInt8(ascii: "\n")) {
            var entries = [number, signals.rawDescriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = try check { unsafe poll(&entries, 2, -1) }
            while let signal = signals.next()?.number {
                try? child.signal(first == nil ? SIGTERM : SIGKILL)
                first = first ?? signal
            }
            if entries[0].revents == 0 { continue }
            let count = try check { unsafe chunk.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress, $0.count) } }
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        return (bytes.isEmpty ? nil : String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self), first)
    }

    /// What makes it this view and no other. First on the command line, which `accept` rests on.
    private static func identity(_ plan: MountPlan) -> [String] {
        [
            "--source", plan.source, "--mountpoint", plan.mountpoint, "--code-repo", plan.codeRepo, "--sandbox", plan.sandbox,
            "--agent", plan.account.specification,
        ]
    }

    private static func arguments(_ plan: MountPlan) -> [String] {
        let configuration = plan.configuration
        var words = identity(plan)
        // What 'pinfold run' shows of the system beside the source: through the gateway, as nothing listens behind a socket that is seen that way.
        if plan.source != "/" { words += ["--surroundings", MountRuntime(mountpoint: plan.mountpoint).surroundings] }
        words += ["--audit", configuration.data.auditDirectory]
        for path in plan.live.paths { words += ["--live", path] }
        for glob in configuration.view.hide { words += ["--hide", glob] }
        for glob in configuration.view.protect { words += ["--protect", glob] }
        words += ["--usage", configuration.data.usageDirectory]
        if let quota = configuration.zones.codeRepoQuota { words += ["--code-repo-quota", quota.description] }
        if let quota = configuration.zones.sandboxQuota { words += ["--sandbox-quota", quota.description] }
        if plan.sandboxAccess.access == .direct { words += ["--sandbox-access", plan.sandboxAccess.access.rawValue] }
        return words
    }
}
