internal import CLinux
internal import DeployModel
internal import LinuxSystem
internal import SystemPackage

/// A command that the admin configured to act on the server: reload, health. It runs as the daemon does, from `/`, so that nothing in the
/// agent's tree is found by a relative name, and it learns from its environment what it is about.
struct AdminCommand {
    let name: String
    let command: String
    let seconds: Int
    let environment: [String: String]

    /// How it ended, and the beginning of what it printed.
    func run(_ tools: Work.Tools) throws -> (ending: VerdictRule.Ending, said: String) {
        try run(log: tools.log, cancellation: tools.cancellation)
    }

    func run(log: StepLog, cancellation: Cancellation) throws -> (ending: VerdictRule.Ending, said: String) {
        var pipe = try OutputPipe()
        var output = CappedOutput(to: log)
        defer { output.finish() }
        log.note("\(name): \(command.firstLine)")
        // A session of its own: what the command leaves behind on purpose (a server) lives on, with its output no longer read.
        let process = try ChildProcess(
            .init(
                "/bin/sh", ["-c", command], environment: inherited(), workingDirectory: "/",
                descriptors: [1: pipe.writeNumber, 2: pipe.writeNumber], newSession: true))
        pipe.closeWrite()
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        let group = process.pid
        while try !process.ends(withinMilliseconds: 0) {
            let stopping = cancellation.why
            if clock.now >= deadline || stopping != nil {
                // Not reaped yet, so the number is still that of its own process group.
                kill(-group, SIGKILL)
                _ = try process.wait()
                if let stopping { throw Cancelled(reason: stopping) }
                return (.timedOut(seconds: seconds), output.beginning)
            }
            pipe.drain(waiting: 20, into: &output)
        }
        let status = try process.wait()
        pipe.drain(waiting: 0, into: &output)
        return (VerdictRule.Ending(status), output.beginning)
    }

    private func inherited() -> [String] {
        var entries: [String] = []
        var entry = unsafe pinfold_environ()
        while let pointer = unsafe entry?.pointee {
            unsafe entries.append(String(cString: pointer))
            unsafe entry = unsafe entry?.advanced(by: 1)
        }
        entries.removeAll { text in environment.keys.contains { text.hasPrefix($0 + "=") } }
        return entries + environment.map { "\($0.key)=\($0.value)" }
    }
}

extension String {
    /// A command as a heading: the one that is found for Python is a program of forty lines.
    var firstLine: String {
        guard let end = firstIndex(where: \.isNewline) else { return self }
        return self[..<end] + " …"
    }
}

extension Work {
    /// What commands of the admin are told.
    var commandEnvironment: [String: String] {
        settings.commandEnvironment(commit: deployment.commit, deployment: deployment.id, release: deployment.release)
    }
}

extension PipelineSettings {
    func commandEnvironment(commit: CommitID, deployment: Int, release: String?) -> [String: String] {
        [
            "PINFOLD_COMMIT": commit.hex, "PINFOLD_DEPLOYMENT": String(deployment), "PINFOLD_TARGET": deploy.versions.target,
            "PINFOLD_RELEASE": release ?? "",
        ]
    }
}
