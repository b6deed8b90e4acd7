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
    package func commit(_ message: String) throws(DeployError) -> (commit: CommitID, isNew: Bool) {
        let (status, output, complaint) = try run([
            "/run/pinfold/pinfold-git", "commit", "/code-repo", "--message", message, "--name", settings.gitUserName, "--email",
            settings.gitUserEmail,
        ])
        guard status.isSuccess else {
            throw .refused("nothing was committed: \(complaint.displayed())")
        }
        let words = output.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let id = CommitID(String(words[0])) else {
            throw .broken("pinfold-git answered '\(output.displayed())'")
        }
        return (id, words[1] == "new")
    }

    private func run(_ command: [String]) throws(DeployError) -> (ExitStatus, output: String, complaint: String) {
        let fence = Fence.confinedTool(
            name: "git", user: FenceUser(uid: settings.agentUID, gid: settings.agentGID),
            writable: [(source: settings.codeRepo, at: "/code-repo")], workingDirectory: "/", limits: .strict)
        do {
            let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-commit") })
            let complaint = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-commit") })
            let process = try ConfinedProcess(
                command, in: fence, descriptors: [1: output.rawValue, 2: complaint.rawValue], tools: ["pinfold-git"])
            if try !process.ends(withinMilliseconds: 120_000) {
                try process.kill()
                _ = try process.wait()
                throw DeployError.refused("committing did not end within 120 s")
            }
            let status = try process.wait()
            return (status, text(output), text(complaint))
        } catch let error as DeployError {
            throw error
        } catch {
            throw .broken("pinfold-git cannot be run: \(error)")
        }
    }

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
