internal import AgentFence
internal import CLinux
internal import DeployModel
internal import DurableFiles
internal import LinuxSystem
internal import SystemPackage

/// Reads the report that tests wrote: in a child behind the fence, with limits and a deadline, since whoever wrote it may want the reader to stand still,
/// to fall, or to do worse. Its failure is a verdict.
package enum ReportReading {
    /// A report is no longer than this.
    package static let byteLimit = 64 << 20
    /// What the child's end means, beside 0.
    package static let notWellFormed: Int32 = 3

    /// What the child does: its standard input to its standard output. The exit code.
    package static func read() -> Int32 {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= byteLimit {
            guard let count = try? check({ unsafe CLinux.read(0, &chunk, chunk.count) }) else { return 1 }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard bytes.count <= byteLimit, let report = JUnitReport(parsing: bytes), report.cases.count <= JUnitReport.mostCases else {
            return notWellFormed
        }
        var rest = report.digest[...]
        while !rest.isEmpty {
            let written = try? check { unsafe rest.withUnsafeBytes { unsafe write(1, $0.baseAddress.unsafelyUnwrapped, $0.count) } }
            guard let written else { return 1 }
            rest = rest.dropFirst(written)
        }
        return 0
    }

    /// What the report in `file` says, or why it cannot be read, in words that follow "the report".
    static func read(
        _ file: borrowing Descriptor, _ settings: PipelineSettings, _ tools: Work.Tools, seconds: Int = 60
    ) throws -> (report: JUnitReport?, fault: String?) {
        var group = Fence.Group("report", memoryBytes: 1 << 30)
        group.replacesLimits = false
        let fence = Fence.confinedTool(
            name: "report", user: settings.agent, writable: [], workingDirectory: "/",
            limits: .init(memoryBytes: 1 << 30, descriptors: 64, fileBytes: 1 << 30, cpuSeconds: UInt64(seconds)), group: group)
        let digest = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-report") })
        let process = try ConfinedProcess(
            ["/run/pinfold/pinfold-deployd", "--read-report"], in: fence,
            descriptors: [0: file.rawValue, 1: digest.rawValue], tools: ["pinfold-deployd"])
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try !process.ends(withinMilliseconds: 200) {
            let why = tools.cancellation.why
            guard why != nil || ContinuousClock.now >= deadline else { continue }
            try? process.kill()
            _ = try process.wait()
            if let why { throw Cancelled(reason: why) }
            return (nil, "could not be read within \(seconds) s")
        }
        let starved = process.outOfMemory
        let status = try process.wait()
        switch status {
        case .exited(0): break
        case .exited(notWellFormed): return (nil, "is not whole, or not of the form of a JUnit report")
        default: return (nil, "could not be read: its reader ended with \(starved?.sentence(group) ?? "\(status)")")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let raw = digest.rawValue
        while bytes.count <= 2 * byteLimit {
            let offset = off_t(bytes.count)
            let count = try check { unsafe pread(raw, &chunk, chunk.count, offset) }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard bytes.count <= 2 * byteLimit, let report = JUnitReport(digest: bytes) else {
            return (nil, "was not read: what its reader says has not the form")
        }
        return (report, nil)
    }
}
