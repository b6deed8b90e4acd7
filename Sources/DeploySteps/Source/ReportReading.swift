internal import CLinux
internal import DeployModel
internal import DurableFiles
internal import Fence
internal import LinuxSystem
internal import PlainText
internal import SystemPackage

/// Reads the report that tests wrote: in a child behind the fence, with limits and a deadline, since whoever wrote it may want the reader to stand still,
/// to fall, or to do worse. Its failure is a verdict.
package enum ReportReading {
    /// What a digest is at most.
    private static let digestLimit = 2 * ReportBundle.byteLimit

    /// What the child does: its standard input, a bundle, to its standard output, a digest; to its standard error what the tests printed, where that is the report. The exit code.
    package static func read() -> Int32 {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            guard let count = try? check({ unsafe CLinux.read(0, &chunk, chunk.count) }) else { return 1 }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        let digest: [UInt8]
        do throws(ReportFault) {
            let reader = try ReportBundle.read(bytes)
            guard write(reader.printed, to: 2) else { return 1 }
            digest = TestReport.digest(reader.tests, remarks: reader.remarks)
        } catch {
            digest = TestReport.digest(error)
        }
        return write(digest, to: 1) ? 0 : 1
    }

    private static func write(_ bytes: [UInt8], to number: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = try? check {
                unsafe rest.withUnsafeBytes { unsafe CLinux.write(number, $0.baseAddress.unsafelyUnwrapped, $0.count) }
            }
            guard let written else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    /// What a report says, or why it cannot be read, in words that follow "the report".
    static func read(
        _ bundle: borrowing ReportBundle, _ settings: PipelineSettings, _ tools: Work.Tools, seconds: Int = 60
    ) throws -> (report: TestReport?, fault: String?) {
        if let fault = bundle.fault { return (nil, fault.what) }
        var group = Fence.Group("report", memoryBytes: 1 << 30)
        group.replacesLimits = false
        let fence = Fence.confinedTool(
            name: "report", user: settings.agent, writable: [], workingDirectory: "/",
            limits: .init(memoryBytes: 1 << 30, descriptors: 64, fileBytes: 1 << 30, cpuSeconds: UInt64(seconds)), group: group)
        let digest = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-report") })
        var pipe = try OutputPipe()
        var output = CappedOutput(to: tools.log)
        defer { output.finish() }
        let process = try ConfinedProcess(
            ["/run/pinfold/pinfold-deployd", "--read-report"], in: fence,
            descriptors: [0: try bundle.rewound(), 1: digest.rawValue, 2: pipe.writeNumber], tools: ["pinfold-deployd"],
            programs: settings.programs)
        pipe.closeWrite()
        let ended = try process.watched(
            until: .now + .seconds(seconds), saying: &pipe, into: &output, tools.cancellation)
        guard let status = ended.status else { return (nil, "could not be read within \(seconds) s") }
        guard status == .exited(0) else {
            return (nil, "could not be read: its reader ended with \(ended.starved?.sentence(group) ?? "\(status)")")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let raw = digest.rawValue
        while bytes.count <= digestLimit {
            let offset = off_t(bytes.count)
            let count = try check { unsafe pread(raw, &chunk, chunk.count, offset) }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        switch bytes.count <= digestLimit ? TestReport.read(digest: bytes) : nil {
        case .success(let report): return (report, nil)
        case .failure(let fault): return (nil, "is not one that can be read: \(fault.what.plain())")
        case nil: return (nil, "was not read: what its reader says has not the form")
        }
    }
}
