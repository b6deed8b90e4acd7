internal import CLinux
package import DeployModel
internal import Fence
internal import LinuxSystem
internal import PlainText
internal import SystemPackage

/// Commits what has changed in the agent's repository, as the agent's user, behind the fence, with the configured identity.
///
/// No git and no hook runs: `pinfold-git` stages and commits with libgit2.
package struct SourceCommit: Sendable {
    private let settings: PipelineSettings

    package init(_ settings: PipelineSettings) {
        self.settings = settings
    }

    /// The commit of `branch` afterwards: where nothing has changed, the one that was there. Blocks.
    /// - Parameter message: nil where nothing may have to be committed.
    /// - Parameter isCalledOff: asked ten times a second; then what runs is killed, and at most a lock file of git's is left until
    ///   the next commit by this.
    /// - Throws: `.refused`, with nothing committed, where `branch` is not what is checked out, or something is half done there;
    ///   `.usage` where there is a change and no message.
    package func commit(
        _ message: String?, on branch: String, isCalledOff: () -> Bool = { false }
    ) throws(DeployError) -> CommitID {
        var command = [
            "/run/pinfold/pinfold-git", "commit", "/code-repo", branch, "--name", settings.commits.userName, "--email",
            settings.commits.userEmail,
        ]
        if message != nil { command += ["--message", "-"] }
        let (status, output, complaint) = try run(command, input: message ?? "", isCalledOff)
        guard status.isSuccess else {
            throw .refused("nothing was committed: \(withPath(complaint).plain())")
        }
        let words = output.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let id = CommitID(String(words[0])) else {
            throw .broken("pinfold-git answered '\(output.plain())'")
        }
        if words[1] == "changed" {
            throw .usage("nothing was committed: \(withPath(complaint).plain()); say what the change is with --message")
        }
        return id
    }

    /// What it complained of, with the repository's own path in it and without its name.
    private func withPath(_ complaint: String) -> String {
        let prefix = "pinfold-git: "
        let words = complaint.hasPrefix(prefix) ? String(complaint.dropFirst(prefix.count)) : complaint
        return String((" " + words).replacing(" /code-repo", with: " " + settings.codeRepo).dropFirst())
    }

    private func run(
        _ command: [String], input: String, _ isCalledOff: () -> Bool
    ) throws(DeployError) -> (ExitStatus, output: String, complaint: String) {
        let fence = Fence.confinedTool(
            name: "git", user: settings.agent,
            writable: [(source: settings.codeRepo, at: "/code-repo")], workingDirectory: "/", limits: .strict, group: .git)
        do {
            let question = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-commit") })
            let bytes = Array(input.utf8)
            let raw = question.rawValue
            // A file in memory takes all of it at once, or there is no memory.
            guard try check({ unsafe pwrite(raw, bytes, bytes.count, 0) }) == bytes.count else { throw Errno.noSpace }
            let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-commit") })
            let complaint = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-commit") })
            let process = try ConfinedProcess(
                command, in: fence, descriptors: [0: raw, 1: output.rawValue, 2: complaint.rawValue], tools: ["pinfold-git"],
                programs: settings.programs)
            let deadline = ContinuousClock.now + .seconds(Self.seconds)
            while try !process.ends(withinMilliseconds: 100) {
                let isStopping = isCalledOff()
                guard isStopping || ContinuousClock.now >= deadline else { continue }
                try process.kill()
                _ = try process.wait()
                throw isStopping
                    ? DeployError.unavailable("the daemon is stopping; nothing was committed")
                    : DeployError.refused("committing did not end within \(Self.seconds) s, and was ended")
            }
            let hasStarted = process.hasStarted()
            let status = try process.wait()
            guard hasStarted || status.isSuccess else {
                throw FenceError(of: "pinfold-git", neverStarted: status, saying: text(complaint))
            }
            return (status, text(output), text(complaint))
        } catch let error as DeployError {
            throw error
        } catch let error as FenceError where error.passes {
            throw .unavailable("nothing was committed: \(error); try again")
        } catch {
            throw .broken("pinfold-git cannot be run: \(error)")
        }
    }

    private static let seconds = 120

    private func text(_ file: borrowing Descriptor) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe pread(file.rawValue, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self).trimmingLineEnds
    }
}

extension String {
    fileprivate var trimmingLineEnds: String {
        var text = self[...]
        while text.last?.isNewline == true { text = text.dropLast() }
        return String(text)
    }
}
