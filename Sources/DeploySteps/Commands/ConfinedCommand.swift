internal import AgentFence
internal import CLinux
internal import DeployModel
internal import DurableFiles
internal import LinuxSystem
internal import SystemPackage

/// A shell command of the admin on files of the agent: as the agent's user, behind the fence, with a deadline.
struct ConfinedCommand {
    /// Where the copy is inside the fence.
    static let place = "/work"

    let name: String
    let command: String
    /// A throw-away copy that belongs to the agent's user.
    let directory: String
    let settings: PipelineSettings
    var environment: [String: String] = [:]

    /// Runs it to its end, or to its deadline; then everything that it has started is dead.
    /// - Throws: where it was never started; then it says nothing about the commit. What the machine lacked for a moment is waited for.
    func run(_ tools: Work.Tools) throws -> VerdictRule.Ending {
        try tools.persistently("starting the \(name)") { try runOnce(tools) }
    }

    private func runOnce(_ tools: Work.Tools) throws -> VerdictRule.Ending {
        let fence = Fence.confinedTool(
            name: name, user: FenceUser(uid: settings.agentUID, gid: settings.agentGID),
            writable: [(source: directory, at: Self.place)], workingDirectory: Self.place,
            network: settings.testNetwork ? .host : .none, environment: environment)
        var pipe = try OutputPipe()
        var output = CappedOutput(to: tools.log)
        defer { output.finish() }
        tools.log.note("\(name): \(command.firstLine)")
        let process = try ConfinedProcess(
            ["/bin/sh", "-c", command], in: fence, descriptors: [1: pipe.writeNumber, 2: pipe.writeNumber])
        pipe.closeWrite()
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(settings.testTimeout)
        var nextLook = clock.now
        while try !process.ends(withinMilliseconds: 0) {
            if let why = tools.cancellation.why {
                try? process.kill()
                _ = try process.wait()
                throw Cancelled(reason: why)
            }
            if clock.now >= deadline {
                try? process.kill()
                _ = try process.wait()
                pipe.drain(waiting: 0, into: &output)
                return .timedOut(seconds: settings.testTimeout)
            }
            if clock.now >= nextLook {
                nextLook = clock.now + .milliseconds(200)
                if let fullness = DiskReserve.complaint(directory) {
                    try? process.kill()
                    _ = try process.wait()
                    throw NearlyFullDisk(reason: "the \(name) had to be ended: \(fullness)")
                }
            }
            pipe.drain(waiting: 50, into: &output)
        }
        let hasStarted = process.hasStarted()
        let status = try process.wait()
        // Its namespace is gone and every writer with it: what is in the pipe is all that there is.
        for _ in 0..<64 { pipe.drain(waiting: 0, into: &output) }
        guard hasStarted || status.isSuccess else {
            let words = output.beginning.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
            throw FenceError(of: "the \(name)", neverStarted: status, saying: words)
        }
        // It may have filled the disk between two looks and have failed of that by itself.
        if !status.isSuccess, let fullness = DiskReserve.complaint(directory) {
            throw NearlyFullDisk(reason: "the \(name) ended with \(VerdictRule.Ending(status).sentence): \(fullness)")
        }
        return VerdictRule.Ending(status)
    }
}

/// What was run had to go, or failed, for want of space.
package struct NearlyFullDisk: Error {
    let reason: String
}

/// What tests and builds must leave free, so that the daemon can still write down what happened.
package enum DiskReserve {
    static func bytes(total: UInt64) -> UInt64 { min(1 << 28, total / 20) }

    /// What is wrong where nothing can be written any more beside the daemon's state or into the target; nil where something can.
    package static func exhaustion(_ settings: PipelineSettings) -> String? {
        for directory in [settings.deployments, Paths.parent(of: settings.target), settings.target] {
            // A link leads to where the server writes. More than the megabyte that the daemon keeps for itself.
            guard let space = DurableFile.space(of: directory), space.total > 0, space.free < 4 << 20 else { continue }
            return "the disk of \(directory) is full (\(space.free >> 10) KB left)"
        }
        return nil
    }

    /// What is wrong with the space left for `directory`; nil where there is enough.
    static func complaint(_ directory: String) -> String? {
        guard let space = DurableFile.space(of: directory), space.free < bytes(total: space.total) else { return nil }
        return "the disk of \(directory) is nearly full (\(space.free >> 20) MB left)"
    }
}
