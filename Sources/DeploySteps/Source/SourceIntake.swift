internal import Fence
internal import CLinux
package import GitRepository
package import LinuxSystem
internal import SystemPackage

/// Brings the agent's commits into the mirror. The agent's `.git` is opened by `pinfold-git`, as the agent's user, behind the fence, under a
/// deadline; this process sees the pack that it hands over, and checks that.
package struct SourceIntake: Sendable {
    /// Where the repository is inside the fence.
    private static let directory = "/code-repo"

    package let codeRepo: String
    package let branch: String
    package let user: UInt32
    package let group: UInt32
    package var limits = IntakeLimits()
    /// How long reading and checking may take together.
    package var seconds = 300
    /// Where `pinfold-git` and `pinfold-fence` lie.
    package var programs: ProgramDirectory?

    package init(codeRepo: String, branch: String, user: UInt32, group: UInt32, programs: ProgramDirectory? = .own) {
        self.codeRepo = codeRepo
        self.branch = branch
        self.user = user
        self.group = group
        self.programs = programs
    }

    /// The branch's commit now: a few file reads, cheap enough for each wake of a watch. Nil where the branch does not exist.
    package func tip() throws(GitError) -> ObjectID? { try BranchTip(repository: codeRepo).read(branch) }

    /// Takes in `commit`, or the branch's tip where nil, with all that it refers to. The commit is marked as seen when this returns.
    ///
    /// Blocks; make it from a thread of your own. Taking in again what is there costs one start of `pinfold-git` at most. A crash leaves
    /// nothing behind that the mirror does not remove when it is opened next.
    /// - Parameter isCalledOff: asked ten times a second; then what runs is killed.
    package func takeIn(
        _ commit: ObjectID? = nil, into mirror: GitMirror, deployed: ObjectID?, isCalledOff: @escaping () -> Bool = { false }
    ) throws(GitError) -> Intake {
        var taken: TakenIn?
        if let commit, try mirror.markSeenIfWhole(commit) {
            // A crash between its arrival and the mark, or a commit that came along with a later one.
        } else {
            taken = try handOver(commit, into: mirror, deployed: deployed, isCalledOff)
        }
        guard let tip = taken?.tip ?? commit else { throw GitError(.corrupt, "nothing was handed over") }
        if let commit, tip != commit { throw GitError(.hostile, "commit \(commit) was asked for and \(tip) was handed over") }
        try mirror.checkSize(of: tip, limits: limits)
        if taken != nil { try mirror.markSeen(tip) }
        var isRewritten = false
        if let deployed, try mirror.contains(deployed) { isRewritten = try !mirror.isAncestor(deployed, of: tip) }
        return Intake(
            commit: try mirror.summary(of: tip), objects: taken?.objects ?? 0, packBytes: taken?.packBytes ?? 0,
            leftOut: taken?.leftOut ?? 0, historyRewritten: isRewritten)
    }

    private static func pipe() throws(GitError) -> Pipe {
        do throws(Errno) {
            return try Pipe()
        } catch {
            throw GitError(.system, "cannot make a pipe: \(error)")
        }
    }

    private func handOver(
        _ commit: ObjectID?, into mirror: GitMirror, deployed: ObjectID?, _ isCalledOff: @escaping () -> Bool
    ) throws(GitError) -> TakenIn {
        var haves: Set<ObjectID> = []
        // Where a file had been left out that may come now, everything is handed over once more.
        var isComplete = try !mirror.lacksFiles(within: limits)
        if isComplete, let commit { isComplete = try !mirror.contains(commit) }
        for known in isComplete ? [try mirror.latest(), deployed] : [] {
            if let known, try mirror.contains(known) { haves.insert(known) }
        }
        var command = ["/run/pinfold/pinfold-git", "pack", Self.directory, commit?.description ?? branch]
        command += haves.sorted().flatMap { ["--have", $0.description] }
        command += [
            "--max-objects", "\(limits.objects)", "--max-bytes", "\(limits.packBytes)", "--max-blob", "\(limits.blobBytes)",
        ]
        command += ["--max-depth", "\(limits.depth)"]
        // One file is in memory as it is, compressed, and while it is read.
        var memory = Fence.Limits.strict
        memory.memoryBytes = max(memory.memoryBytes ?? 0, UInt64(limits.blobBytes) * 4 + 1 << 30)
        var bounds = Fence.Group.git
        bounds.memoryBytes = max(bounds.memoryBytes ?? 0, memory.memoryBytes ?? 0)
        let fence = Fence.confinedTool(
            name: "git", user: FenceUser(uid: user, gid: group), readOnly: [(source: codeRepo, at: Self.directory)], writable: [],
            workingDirectory: "/", limits: memory, group: bounds)
        let deadline = ContinuousClock.now + .seconds(seconds)
        let pack = try Self.pipe()
        let complaints = try Self.pipe()
        let process: ConfinedProcess
        do throws(FenceError) {
            process = try ConfinedProcess(
                command, in: fence, descriptors: [1: pack.writing.rawValue, 2: complaints.writing.rawValue], tools: ["pinfold-git"],
                programs: programs)
        } catch {
            throw GitError(error.passes ? .busy : .system, "pinfold-git cannot be started: \(error)")
        }
        // Only the child's copies stay, so that its end is the end of what is read here.
        let reading = pack.keepReading()
        let hearing = complaints.keepReading()
        let outcome: Result<TakenIn, GitError>
        do throws(GitError) {
            outcome = .success(
                try mirror.takeIn(
                    packFrom: reading.rawValue, limits: limits, deadline: deadline, isCalledOff: isCalledOff))
        } catch {
            outcome = .failure(error)
        }
        return try settle(outcome, process: process, hearing: hearing, deadline: deadline)
    }

    /// The child's own word about a failure says more than what its half of a pack looks like from here; but its word that all is well
    /// counts for nothing.
    private func settle(
        _ outcome: Result<TakenIn, GitError>, process: consuming ConfinedProcess, hearing: borrowing Descriptor,
        deadline: ContinuousClock.Instant
    ) throws(GitError) -> TakenIn {
        if case .failure(let error) = outcome {
            // It may be writing still to a pipe that nobody reads.
            let ended = (try? process.ends(withinMilliseconds: error.kind == .corrupt ? 2000 : 0)) ?? false
            if !ended {
                try? process.kill()
                _ = try? process.wait()
                throw error
            }
        } else if (try? process.ends(withinMilliseconds: 10_000)) != true {
            try? process.kill()
        }
        let hasStarted = process.hasStarted()
        let starved = process.outOfMemory
        let status = try? process.wait()
        if case .failure = outcome, let starved, starved.isOwnLimit {
            throw GitError(.tooLarge, "reading the repository takes too much: \(starved.sentence(.git))")
        }
        if case .failure(let error) = outcome {
            guard error.kind == .corrupt, let status, !status.isSuccess else { throw error }
            throw Self.error(of: status, hasStarted: hasStarted, saying: Self.complaint(from: hearing))
        }
        return try outcome.get()
    }

    /// What `pinfold-git`'s end means. What the machine could not do, or somebody else did to it, says nothing about the repository.
    private static func error(of status: ExitStatus, hasStarted: Bool, saying words: String?) -> GitError {
        guard hasStarted else {
            let error = FenceError(of: "pinfold-git", neverStarted: status, saying: words ?? "")
            return GitError(error.passes ? .busy : .system, error.description)
        }
        if case .exited(let code) = status, let kind = GitError.Kind(exitCode: code), let words { return GitError(kind, words) }
        if status == .exited(1), let words { return GitError(.system, words) }
        switch status.shellCode - 128 {
        case SIGKILL: return GitError(.busy, "pinfold-git was killed: by somebody, or for want of memory")
        case SIGXCPU: return GitError(.timedOut, "pinfold-git used more processor time than it may: the repository is too large")
        default:
            // It died of what it read: libgit2 1.5 writes past a buffer for a loose object that is longer than it says. That was its
            // own memory, behind the fence.
            return GitError(
                .corrupt,
                "pinfold-git died (\(status)) of what it read: an object of the repository is damaged, or was made to do that; `git fsck` names it"
            )
        }
    }

    /// The last line that it wrote, without its name.
    private static func complaint(from descriptor: borrowing Descriptor) -> String? {
        let raw = descriptor.rawValue
        _ = pinfold_fcntl(raw, F_SETFL, Int64(O_NONBLOCK))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe read(raw, &buffer, buffer.count)
        guard count > 0 else { return nil }
        guard let line = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").last else { return nil }
        return String((line.hasPrefix("pinfold-git: ") ? line.dropFirst("pinfold-git: ".count) : line).prefix(2000))
    }
}

/// A commit that the mirror has whole.
package struct Intake: Hashable, Sendable {
    package let commit: CommitSummary
    package let objects: Int
    package let packBytes: Int
    /// How many files of its history were larger than one may be, and are not taken in; none of its own.
    package let leftOut: Int
    /// Whether the branch no longer contains what is deployed: history was rewritten, and a human must agree.
    package let historyRewritten: Bool
}
