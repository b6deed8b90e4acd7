internal import CLinux
package import GitRepository
package import LinuxSystem
internal import SystemPackage

/// Pushes what was deployed, after the admin's own check.
package struct SourcePush: Sendable {
    package let remote: GitRemote
    package let branch: String
    /// `deployments/hooks/pre-push`: run where the admin put an executable there that only root can write; a failure refuses the push.
    package let hook: String
    /// Where `pinfold-git` lies.
    package let programs: ProgramDirectory?

    package init(remote: GitRemote, branch: String, hook: String, programs: ProgramDirectory? = .own) {
        self.remote = remote
        self.branch = branch
        self.hook = hook
        self.programs = programs
    }

    /// Blocks; undoes nothing when it fails. Trying again is the caller's.
    ///
    /// The check first: it is given the remote twice, as git does with one that has no name, without a password, and on its standard input one line,
    /// `refs/heads/<branch> <commit> refs/heads/<branch> <zeros>`; its working directory is the mirror, where `git log <commit>` works.
    /// - Parameter isCalledOff: asked ten times a second; then what runs is killed.
    package func push(
        _ commit: ObjectID, from mirror: GitMirror, seconds: Int = 300, isCalledOff: () -> Bool = { false }
    ) throws(GitError) {
        let deadline = ContinuousClock.now + .seconds(seconds)
        try askHook(about: commit, mirror: mirror, deadline: deadline, isCalledOff)
        guard let tool = programs?.program("pinfold-git") else { throw GitError(.system, "pinfold-git is not beside this program") }
        var arguments = ["push", mirror.path, commit.description, branch, "-"]
        if let key = remote.sshKey { arguments += ["--key", key] }
        if let hosts = remote.knownHosts { arguments += ["--known-hosts", hosts] }
        if let file = remote.credentialFile { arguments += ["--credentials", file] }
        var environment = ["PATH=/usr/bin:/bin", "HOME=/nonexistent"]
        if let authorities = unsafe getenv("SSL_CERT_FILE") {
            unsafe environment.append("SSL_CERT_FILE=" + String(cString: authorities))
        }
        let (status, words) = try run(
            .init(tool, arguments, environment: environment, workingDirectory: "/", newSession: true), input: remote.url + "\n",
            deadline: deadline, named: "the push to \(remote.shown)", isCalledOff)
        guard !status.isSuccess else { return }
        // Whatever it held then, nobody lets go of. What cannot be removed now is removed at the daemon's next start.
        if case .signaled = status {
            try? mirror.clearAfterPush()
            try? remote.clearAfterPush()
        }
        let kind: GitError.Kind =
            if case .exited(let code) = status { GitError.Kind(exitCode: code) ?? .system } else { .system }
        let text = words.hasPrefix("pinfold-git: ") ? String(words.dropFirst("pinfold-git: ".count)) : words
        throw GitError(kind, text.isEmpty ? "the push to \(remote.shown) ended with \(status)" : remote.redacting(text))
    }

    private func askHook(
        about commit: ObjectID, mirror: GitMirror, deadline: ContinuousClock.Instant, _ isCalledOff: () -> Bool
    ) throws(GitError) {
        var status = stat()
        // Not there, or not executable: no check is wanted, as with git's own hooks.
        guard unsafe stat(hook, &status) == 0, status.st_mode & 0o111 != 0 else { return }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw GitError(
                .refused, "\(hook) can be written by others than root, so it is not run and nothing is pushed: chown and chmod it")
        }
        let name = "refs/heads/\(branch)"
        let zeros = String(repeating: "0", count: 40)
        let (ending, words) = try run(
            .init(
                hook, [remote.shown, remote.shown],
                environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/root", "GIT_DIR=\(mirror.path)"],
                workingDirectory: mirror.path, newSession: true), input: "\(name) \(commit) \(name) \(zeros)\n", deadline: deadline,
            named: hook, isCalledOff)
        guard ending.isSuccess else {
            throw GitError(.refused, "\(hook) refuses the push (\(ending))\(words.isEmpty ? "" : ": \(remote.redacting(words))")")
        }
    }

    /// Runs `command` to its end or the deadline, and keeps the last line of what it said.
    private func run(
        _ command: ChildProcess.Command, input: String, deadline: ContinuousClock.Instant, named name: String,
        _ isCalledOff: () -> Bool
    ) throws(GitError) -> (status: ExitStatus, words: String) {
        do throws(Errno) {
            // In memory, not in a pipe: nothing has to be read while it runs. Small, for the child gets no more than this much room to speak.
            let words = Descriptor(owning: try check { unsafe pinfold_memfd_create("words") })
            let question = Descriptor(owning: try check { unsafe pinfold_memfd_create("question") })
            let bytes = Array(input.utf8)
            let raw = question.rawValue
            _ = try check { unsafe write(raw, bytes, bytes.count) }
            _ = try check { lseek(raw, 0, SEEK_SET) }
            var command = command
            command.descriptors = [0: question.rawValue, 1: words.rawValue, 2: words.rawValue]
            let process = try ChildProcess(command)
            while try !process.ends(withinMilliseconds: 100) {
                let size = lseek(words.rawValue, 0, SEEK_END)
                let isStopping = isCalledOff()
                if ContinuousClock.now >= deadline || size > 1 << 24 || isStopping {
                    // Not reaped yet: the number is still that of its own session.
                    kill(-process.pid, SIGKILL)
                    _ = try process.wait()
                    let why = isStopping ? "was called off" : size > 1 << 24 ? "wrote too much" : "did not end in time"
                    return (.signaled(SIGKILL), "\(name) \(why)")
                }
            }
            let status = try process.wait()
            return (status, Self.lastLine(of: words))
        } catch {
            throw GitError(.system, "\(name) cannot be run: \(error)")
        }
    }

    private static func lastLine(of file: borrowing Descriptor) -> String {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let size = lseek(file.rawValue, 0, SEEK_END)
        let count = unsafe pread(file.rawValue, &buffer, buffer.count, max(0, size - off_t(buffer.count)))
        guard count > 0 else { return "" }
        return String(String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").last ?? "")
    }
}
