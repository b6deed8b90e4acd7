internal import AgentFence
internal import CLinux
package import DeployModel
internal import LinuxSystem
internal import SystemPackage

/// Commits what has changed in the agent's repository, as the agent's user, behind the fence, with the configured identity.
///
/// No git and no hook runs: `pinfold-git` stages and commits with libgit2.
package struct SourceCommit: Sendable {
    private let settings: PipelineSettings

    package init(_ settings: PipelineSettings) {
        self.settings = settings
    }

    /// The branch's commit afterwards, and whether it is new: where nothing has changed it is the one that was there. Blocks.
    /// - Parameter isCalledOff: asked ten times a second; then what runs is killed, and at most a lock file of git's is left.
    package func commit(
        _ message: String, isCalledOff: () -> Bool = { false }
    ) throws(DeployError) -> (commit: CommitID, isNew: Bool) {
        let command = [
            "/run/pinfold/pinfold-git", "commit", "/code-repo", "--message", message, "--name", settings.gitUserName, "--email",
            settings.gitUserEmail,
        ]
        let (status, output, complaint) = try run(command, isCalledOff)
        guard status.isSuccess else {
            throw .refused("nothing was committed: \(complaint.displayed())")
        }
        let words = output.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let id = CommitID(String(words[0])) else {
            throw .broken("pinfold-git answered '\(output.displayed())'")
        }
        return (id, words[1] == "new")
    }

    private func run(
        _ command: [String], _ isCalledOff: () -> Bool
    ) throws(DeployError) -> (ExitStatus, output: String, complaint: String) {
        let fence = Fence.confinedTool(
            name: "git", user: FenceUser(uid: settings.agentUID, gid: settings.agentGID),
            writable: [(source: settings.codeRepo, at: "/code-repo")], workingDirectory: "/", limits: .strict)
        do {
            let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-commit") })
            let complaint = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-commit") })
            let process = try ConfinedProcess(
                command, in: fence, descriptors: [1: output.rawValue, 2: complaint.rawValue], tools: ["pinfold-git"])
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
