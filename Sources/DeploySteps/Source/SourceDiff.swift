internal import CLinux
internal import Fence
package import GitRepository
package import LinuxSystem
internal import PlainText
internal import SystemPackage

/// The change of a commit as text, for a human. What a stranger wrote is compared by `pinfold-git`, behind the fence, under a deadline and with
/// limits; this process sees at most as many bytes as it shows.
///
/// As nobody, and not as the agent's user: what the agent runs beside it must not be able to touch what a human goes by.
package struct SourceDiff: Sendable {
    private static let directory = "/repo.git"
    private static let nobody: UInt32 = 65_534
    private static let byteLimit = 1 << 20

    private let mirror: String
    private let seconds: Int
    private let programs: ProgramDirectory?

    /// - Parameter mirror: the path of the daemon's mirror.
    package init(mirror: String, seconds: Int = 30, programs: ProgramDirectory? = .own) {
        self.mirror = mirror
        self.seconds = seconds
        self.programs = programs
    }

    /// Blocks, for `seconds` at most. Where the text is cut, its last line says why. Bytes, since files are: escape them before a terminal sees them.
    /// - Parameters:
    ///   - context: how many unchanged lines are around a change.
    ///   - isCalledOff: asked ten times a second; then what runs is killed.
    package func bytes(
        from base: ObjectID?, to commit: ObjectID, context: Int = 3, isCalledOff: () -> Bool = { false }
    ) throws(GitError) -> [UInt8] {
        var limits = Fence.Limits.strict
        limits.memoryBytes = 1 << 30
        limits.fileBytes = UInt64(Self.byteLimit) * 2
        limits.cpuSeconds = UInt64(seconds)
        let fence = Fence.confinedTool(
            name: "git", user: FenceUser(uid: Self.nobody, gid: Self.nobody), readOnly: [(source: mirror, at: Self.directory)],
            writable: [], workingDirectory: "/", limits: limits, temporaryBytes: 1 << 20)
        let command = [
            "/run/pinfold/pinfold-git", "diff", Self.directory, base?.description ?? "-", commit.description, "--max-bytes",
            "\(Self.byteLimit)", "--context", "\(context)",
        ]
        do {
            let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-diff") })
            let complaint = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-diff") })
            let process = try ConfinedProcess(
                command, in: fence, descriptors: [1: output.rawValue, 2: complaint.rawValue], tools: ["pinfold-git"],
                programs: programs)
            let deadline = ContinuousClock.now + .seconds(seconds)
            var isLate = false
            while try !process.ends(withinMilliseconds: 100) {
                isLate = ContinuousClock.now >= deadline
                guard isLate || isCalledOff() else { continue }
                try process.kill()
                break
            }
            let hasStarted = process.hasStarted()
            let status = try process.wait()
            let bytes = beginning(of: output, limit: Self.byteLimit + 1)
            if status.isSuccess, bytes.count <= Self.byteLimit { return bytes }
            if status.isSuccess { return cut(bytes.dropLast(), "the change is longer") }
            guard hasStarted else {
                throw FenceError(
                    of: "pinfold-git", neverStarted: status,
                    saying: String(decoding: beginning(of: complaint, limit: 2000), as: UTF8.self))
            }
            let why =
                isLate ? "comparing takes longer than \(seconds) s" : Self.reason(status, beginning(of: complaint, limit: 2000))
            guard !bytes.isEmpty else {
                let kind: GitError.Kind? = if case .exited(let code) = status { GitError.Kind(exitCode: code) } else { nil }
                throw GitError(isLate ? .timedOut : kind ?? .tooLarge, "the change cannot be shown: \(why)")
            }
            return cut(bytes, why)
        } catch let error as GitError {
            throw error
        } catch let error as FenceError {
            throw GitError(error.passes ? .busy : .system, error.description)
        } catch {
            throw GitError(.system, "pinfold-git cannot be run: \(error)")
        }
    }

    private static func reason(_ status: ExitStatus, _ complaint: [UInt8]) -> String {
        let text = String(decoding: complaint, as: UTF8.self)
        guard text.hasPrefix("pinfold-git: "), let line = text.split(whereSeparator: \.isNewline).first else {
            return "comparing needs more memory or time than it may have (\(status))"
        }
        return String(line.dropFirst("pinfold-git: ".count))
    }
}

private func cut(_ bytes: some Sequence<UInt8>, _ why: String) -> [UInt8] {
    Array(bytes) + Array("\n… cut here: \(why.plain())\n".utf8)
}

private func beginning(of file: borrowing Descriptor, limit: Int) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = unsafe pread(file.rawValue, &buffer, buffer.count, 0)
    return Array(buffer.prefix(max(count, 0)))
}
