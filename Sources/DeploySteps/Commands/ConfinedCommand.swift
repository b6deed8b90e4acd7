internal import CLinux
internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import Fence
internal import LinuxSystem
internal import SystemPackage

/// A program on files of the agent: as the agent's user, behind the fence, with a deadline.
struct ConfinedCommand {
    let name: String
    let phase: Phase
    /// The program as people are shown it.
    let shown: String
    /// A throw-away copy, and where that appears.
    let version: VersionMount
    let settings: PipelineSettings
    var environment: [String: String] = [:]
    /// A file for the program's report, where its phase says so. The program has a pipe to it, its last descriptor: what it has said it cannot take back.
    var report: Int32?
    /// What is allowed of the network; nil for what the settings allow to tests.
    var network: Fence.Network?
    /// Further directories of the host that it sees and cannot change, and where.
    var readOnly: [(source: String, at: String)] = []
    /// Directories of the host that it may change, mounted in the copy: by names from its top, at which a directory is, on a way without links.
    var inside: [(source: String, name: String)] = []
    /// Where in the copy it starts, in the same way; nil for the top.
    var directory: String?

    /// Runs it to its end, or to its deadline; then everything that it has started is dead.
    /// - Throws: where it was never started; then it says nothing about the commit. What the machine lacked for a moment is waited for.
    func run(_ tools: Work.Tools) throws -> VerdictRule.Ending {
        try tools.persistently("starting the \(name)") { try runOnce(tools) }
    }

    private func runOnce(_ tools: Work.Tools) throws -> VerdictRule.Ending {
        // Begun again, it is written again.
        if let report { _ = try check { ftruncate(report, 0) } }
        let group = Fence.Group("tests", memoryBytes: settings.testMemoryBytes, variable: "AGENT_DEPLOY_TEST_MEMORY")
        let network = network ?? (settings.tests.network ? .host : .none)
        var fence = Fence.confinedTool(
            name: name, user: settings.agent, host: try HostParts.all(hiding: settings.hide, reading: settings.tests.read),
            readOnly: readOnly,
            files: phase.shown.sorted { $0.key < $1.key }.map { (at: $0.key, bytes: $0.value) },
            writable: [], workingDirectory: version.directory, network: network,
            environment: environment.merging(phase.environment) { $1 },
            group: group)
        try fence.show(version)
        // Known by the mount of the copy, which is the last.
        if let top = fence.workingDirectories.first {
            for (source, name) in inside {
                fence.mounts.append(.bind(source, at: top + "/" + name))
                fence.writable.append(top + "/" + name)
            }
            if let directory { fence.workingDirectories = [top + "/" + directory] }
        }
        var pipe = try OutputPipe()
        var output = CappedOutput(to: tools.log)
        var reportPipe = try OutputPipe(bytes: 1 << 20)
        defer { output.finish() }
        tools.log.note("\(name): \(shown.firstLine)")
        let handed = try HandedBytes(phase.handed)
        let process = try ConfinedProcess(
            phase.command, in: fence, descriptors: [1: pipe.writeNumber, 2: pipe.writeNumber],
            further: handed.numbers + (report == nil ? [] : [reportPipe.writeNumber]), programs: settings.programs)
        handed.close()
        pipe.closeWrite()
        reportPipe.closeWrite()
        if let why = process.unbounded { tools.log.note("memory is not bounded in sum (AGENT_DEPLOY_TEST_MEMORY): \(why)") }
        let clock = ContinuousClock()
        var nextLook = clock.now
        let ended = try process.watched(
            until: clock.now + .seconds(settings.tests.timeout), saying: &pipe, into: &output, tools.cancellation
        ) {
            if clock.now >= nextLook {
                nextLook = clock.now + .milliseconds(200)
                if let fullness = DiskReserve.complaint(version.source) {
                    throw NearlyFullDisk(reason: "the \(name) had to be ended: \(fullness)")
                }
            }
            if let report { try reportPipe.drain(into: report, limit: ReportBundle.byteLimit) }
        }
        if let report { try reportPipe.drain(into: report, limit: ReportBundle.byteLimit) }
        guard let status = ended.status else {
            return ending(.timedOut(seconds: settings.tests.timeout), ended.starved, group, tools)
        }
        // The words of git, whatever it was asked for.
        if output.beginning.contains("fatal: not a git repository") {
            tools.log.note(
                "git found no repository: the \(name) ran in an export of the commit, without its history; PINFOLD_COMMIT has the commit's id"
            )
        }
        guard ended.hasStarted || status.isSuccess else {
            let words = output.beginning.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
            throw FenceError(of: "the \(name)", neverStarted: status, saying: words)
        }
        // It may have filled the disk between two looks and have failed of that by itself.
        if !status.isSuccess, let fullness = DiskReserve.complaint(version.source) {
            throw NearlyFullDisk(reason: "the \(name) ended with \(VerdictRule.Ending(status).sentence): \(fullness)")
        }
        return ending(VerdictRule.Ending(status), ended.starved, group, tools)
    }

    /// What a command that did not succeed for want of memory ended of is that; one that got over it is told of.
    private func ending(
        _ ending: VerdictRule.Ending, _ starved: ControlGroup.OutOfMemory?, _ group: Fence.Group, _ tools: Work.Tools
    ) -> VerdictRule.Ending {
        guard let starved else { return ending }
        let reason = starved.sentence(group)
        tools.log.note(reason)
        return ending.succeeded ? ending : .outOfMemory(reason: reason, then: ending.sentence)
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
        for directory in [settings.data.deployments, Paths.parent(of: settings.versions.target), settings.versions.target] {
            // A link leads to where the server writes. More than the megabyte that the daemon keeps for itself.
            if let space = DurableFile.space(of: directory), space.total > 0, space.free < 4 << 20 {
                return "the disk of \(directory) is full (\(space.free >> 10) KB left)"
            }
            if let files = DurableFile.files(of: directory), files.free < 100 {
                return "the disk of \(directory) has no room for more files (\(files.free) inodes left)"
            }
        }
        return nil
    }

    /// What is wrong with the space left for `directory`; nil where there is enough.
    static func complaint(_ directory: String) -> String? {
        if let space = DurableFile.space(of: directory), space.free < bytes(total: space.total) {
            return "the disk of \(directory) is nearly full (\(space.free >> 20) MB left)"
        }
        if let files = DurableFile.files(of: directory), files.free < min(100_000, files.total / 20) {
            return "the disk of \(directory) has hardly any room for more files (\(files.free) inodes left)"
        }
        return nil
    }
}
