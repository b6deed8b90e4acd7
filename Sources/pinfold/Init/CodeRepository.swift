internal import CLinux
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// `code-repo`: the agent's own clone. It appears whole and the agent's, or not at all: made beside its place and renamed.
struct CodeRepository: Sendable {
    let path: String
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
        path = configuration.codeRepo
    }

    /// Where a clone is prepared. One that is found was left by an `init` that was killed, and is of no use.
    private var preparation: String {
        let (parent, name) = split(path)
        return (parent == "/" ? "" : parent) + "/.\(name).pinfold-init"
    }

    /// Whether it has to be cloned; an error where something else is in its place.
    func isMissing() throws(CommandFailure) -> Bool {
        guard let status = try existing(path) else { return true }
        guard status.fileType == S_IFDIR else {
            throw CommandFailure(
                .usage, "AGENT_CODE_REPO_PATH: \(path) should be a directory and is \(kind(of: status)); move it away")
        }
        let found: [String]
        do {
            found = try names(inDirectory: path).sorted()
        } catch {
            throw CommandFailure(.usage, "AGENT_CODE_REPO_PATH: \(path): \(error)")
        }
        if found.isEmpty { return true }
        guard let git = try existing(path + "/.git"), git.fileType == S_IFDIR else {
            let sample = found.prefix(3).joined(separator: ", ") + (found.count > 3 ? ", …" : "")
            throw CommandFailure(
                .usage,
                "AGENT_CODE_REPO_PATH: \(path) should be a git repository and has no directory .git (found: \(sample)); move it "
                    + "away"
            )
        }
        return false
    }

    /// The repository to clone: what is configured, or the one that the working directory lies in.
    func source() throws(CommandFailure) -> String {
        if let source = configuration.codeSource { return source }
        var directory = workingDirectory()
        while true {
            if try existing(directory + "/.git") != nil { return directory }
            guard directory != "/" else { break }
            directory = split(directory).parent
        }
        throw CommandFailure(
            .usage, "AGENT_CODE_SOURCE: the working directory \(workingDirectory()) is in no git repository; name the one to clone")
    }

    /// Clones, sets the agent's identity, gives the clone to the agent and puts it into its place.
    /// - Returns: The branch that was checked out and the commit that it stands at, in words.
    /// - Parameter lock: goes to the programs that are started, so that one which outlives a killed `init` keeps the next one
    /// waiting.
    func clone(from source: String, for account: UserAccount, lock: borrowing Descriptor) throws(CommandFailure) -> String {
        let preparation = preparation
        let parent = split(path).parent
        do {
            try makeDirectories(parent)
            try removeTree(preparation)
        } catch {
            throw CommandFailure(.notDone, "\(preparation) cannot be prepared: \(error)")
        }
        do {
            let cloned = try git(["clone", source, preparation], lock, what: "\(source) cannot be cloned")
            _ = try git(
                ["identity", preparation, configuration.gitUserName, configuration.gitUserEmail], lock,
                what: "the agent's git identity cannot be set")
            _ = try TreeWalk.give(preparation, to: account)
            try keepBaseline(cloned)
            try publish(preparation, in: parent)
            // The branch and its commit.
            return cloned.split(whereSeparator: \.isWhitespace).map(String.init).joined(separator: " at ")
        } catch {
            try? removeTree(preparation)
            throw error
        }
    }

    /// Notes the commit that was cloned as what the first deployment is compared with: what the agent commits before the deploy daemon
    /// first runs is then no exception from a human's look at what judges it.
    ///
    /// Before the clone is in its place: after a crash here the next `init` clones again, and writes this anew.
    private func keepBaseline(_ cloned: String) throws(CommandFailure) {
        guard let commit = cloned.split(whereSeparator: \.isWhitespace).last, commit.count == 40 else { return }
        let path = configuration.paths.deployments + "/baseline"
        do {
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            defer { try? file.close() }
            _ = try file.writeAll("\(commit)\n".utf8)
        } catch {
            throw CommandFailure(.notDone, "\(path) cannot be written: \(error)")
        }
    }

    private func publish(_ preparation: String, in parent: String) throws(CommandFailure) {
        let path = path
        do {
            try synchronize(filesystemOf: preparation)
            // Over an empty directory, or over nothing: rename refuses everything else.
            _ = try check { unsafe rename(preparation, path) }
            try synchronize(directory: parent)
        } catch {
            throw CommandFailure(.notDone, "\(path) cannot be put into its place: \(error)")
        }
    }

    /// - Returns: What it wrote to standard output.
    ///
    /// libgit2 is in a program of its own: the command itself stays small and quick to start.
    private func git(_ arguments: [String], _ lock: borrowing Descriptor, what: String) throws(CommandFailure) -> String {
        let program = try Companion.git.required()
        let result: (status: ExitStatus, output: String, errors: String)
        do {
            result = try capture(program, arguments, descriptors: [3: lock.rawValue])
        } catch {
            throw CommandFailure(.notDone, "\(program) cannot be started: \(error)")
        }
        guard result.status.isSuccess else {
            var reason = result.errors.split(separator: "\n").last.map(String.init) ?? "\(result.status)"
            let prefix = "pinfold-git: "
            if reason.hasPrefix(prefix) { reason.removeFirst(prefix.count) }
            // A source that is no repository, or of a kind that cannot be cloned whole, is the configuration's fault
            // (`GitError.Kind`).
            let isSource = result.status == .exited(10) || result.status == .exited(11)
            throw CommandFailure(isSource ? .usage : .notDone, "\(what): \(reason)")
        }
        return result.output
    }
}
