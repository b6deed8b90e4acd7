internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import LinuxSystem
internal import PinfoldConfiguration
internal import PlainText
internal import SystemPackage

/// `code-repo`: the agent's own clone. It appears whole and the agent's, or not at all: made beside its place and renamed.
struct CodeRepository: Sendable {
    let path: String
    private let configuration: Configuration
    private let keyDirectory: String

    /// - Parameter keyDirectory: where the configuration file lies, and beside it what a source elsewhere is asked with.
    init(_ configuration: Configuration, keyDirectory: String) {
        self.configuration = configuration
        self.keyDirectory = keyDirectory
        path = configuration.zones.codeRepo
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
        if let source = configuration.zones.source { return source }
        var directory = workingDirectory()
        while true {
            if try existing(directory + "/.git") != nil { return directory }
            guard directory != "/" else { break }
            directory = split(directory).parent
        }
        throw CommandFailure(
            .usage, "AGENT_CODE_SOURCE: the working directory \(workingDirectory()) is in no git repository; name the one to clone")
    }

    /// What was cloned.
    struct Cloned: Sendable {
        let branch: String
        let tip: String
        /// Where from, without a password.
        let source: String
        /// What about it will surprise whoever works in it.
        let notes: [String]

        /// Nil where the answer of `pinfold-git clone` is not whole: half of it must not pass for a clone.
        init?(answer: String) {
            var lines = answer.split(separator: "\n", omittingEmptySubsequences: false)[...]
            guard lines.popLast()?.isEmpty == true, let first = lines.popFirst(), let second = lines.popFirst() else { return nil }
            guard let (branch, tip) = Self.head(first), second.hasPrefix("from ") else { return nil }
            (self.branch, self.tip) = (branch, tip)
            source = String(second.dropFirst("from ".count))
            notes = lines.map(String.init)
        }

        /// `BRANCH COMMIT`.
        static func head(_ line: Substring) -> (branch: String, tip: String)? {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2, !words[0].isEmpty, CommitPrefix.isID(words[1]) else { return nil }
            return (words[0], words[1])
        }
    }

    /// Clones, sets the agent's identity, gives the clone to the agent and puts it into its place.
    /// - Parameter lock: goes to the programs that are started, so that one which outlives a killed `init` keeps the next one
    /// waiting.
    func clone(
        from source: String, for account: UserAccount, lock: borrowing Descriptor, _ made: inout MadePaths
    ) throws(CommandFailure) -> Cloned {
        let preparation = preparation
        let parent = split(path).parent
        do {
            try makeDirectories(parent, made: &made)
            try removeTree(preparation)
        } catch {
            throw CommandFailure(.notDone, "\(preparation) cannot be prepared: \(error)")
        }
        do throws(CommandFailure) {
            // An address may hold a password, and a command line is everybody's to read.
            let answer = try git(
                ["clone", "-", preparation] + keys, input: source + "\n", lock, what: "the source cannot be cloned")
            guard let cloned = Cloned(answer: answer) else { throw incomprehensible(answer) }
            _ = try git(
                ["identity", preparation, configuration.deploy.commits.userName, configuration.deploy.commits.userEmail], lock,
                what: "the agent's git identity cannot be set")
            _ = try TreeWalk.give(preparation, to: account)
            try keepHead(branch: cloned.branch, tip: cloned.tip, &made)
            try publish(preparation, in: parent)
            // Whole from here on, with what belongs to it.
            made.keep()
            return cloned
        } catch {
            try? removeTree(preparation)
            throw error
        }
    }

    /// Notes where a repository that somebody else put here stands, as long as it is not the agent's yet: afterwards its commits are the agent's
    /// own, and say nothing of what the admin agreed to.
    func noteWhatIsThere(
        for account: UserAccount, lock: borrowing Descriptor, _ made: inout MadePaths
    ) throws(CommandFailure) {
        guard try existing(configuration.data.baseline) == nil else { return }
        guard let status = try existing(path), status.st_uid != account.uid || status.st_gid != account.gid else {
            // As long as nothing has been deployed, which leaves a history.
            if try existing(configuration.data.history) == nil {
                Terminal.complain(
                    "\(configuration.data.baseline) is missing, so the first deployment is compared with nothing: write the id of the commit that you agree to into it"
                )
            }
            return
        }
        let answer = try git(["head", path], lock, what: "\(path) is no repository to deploy from")
        // It has no commit yet: there is nothing that anybody could have agreed to.
        if answer == "none\n" { return }
        guard let head = Cloned.head(answer.split(separator: "\n").first ?? "") else { throw incomprehensible(answer) }
        try keepHead(branch: head.branch, tip: head.tip, &made)
    }

    private func incomprehensible(_ answer: String) -> CommandFailure {
        CommandFailure(
            .notDone,
            "\(Companion.git.rawValue) ended without a whole answer ('\(answer.prefix(200))'), so nothing is known of \(path); run 'pinfold init' again"
        )
    }

    /// What a source elsewhere is asked with: the same files as a push has, beside the configuration file.
    private var keys: [String] {
        let keys = RemoteKeys(in: keyDirectory)
        return [("--key", keys.sshKey), ("--known-hosts", keys.knownHosts), ("--credentials", keys.credentials)].flatMap {
            option, file in unsafe access(file, F_OK) == 0 ? [option, file] : []
        }
    }

    /// Notes the commit that was cloned as what the first deployment is compared with, and its branch as the one that deploys: what the agent
    /// commits before the deploy daemon first runs is then no exception from a human's look at what judges it, and where it switches to is no matter.
    ///
    /// Before the clone is in its place: after a crash here the next `init` clones again, and writes this anew.
    private func keepHead(branch: String, tip: String, _ made: inout MadePaths) throws(CommandFailure) {
        for (path, text) in [(configuration.data.baseline, tip), (configuration.data.branch, branch)] {
            try path.making { () throws(Errno) in try writeDurably("\(text)\n", to: path, made: &made) }
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
    private func git(
        _ arguments: [String], input: String = "", _ lock: borrowing Descriptor, what: String
    ) throws(CommandFailure) -> String {
        let program = try Companion.git.required()
        let result: (status: ExitStatus, output: String, errors: String)
        do {
            result = try capture(program, arguments, input: input.utf8, descriptors: [3: lock.rawValue])
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
