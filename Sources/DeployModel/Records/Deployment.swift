/// One commit's way through the pipeline, or one way back: what is stored, shown and answered.
package struct Deployment: Codable, Hashable, Sendable, Identifiable {
    /// Counts up from 1 in the order of detection; never reused.
    package let id: Int
    package var kind: Kind
    package let commit: CommitID
    /// The id of the commit's tree; known once it has been taken in.
    package var tree: String?
    /// First line of the commit's message and its author, as the commit has them: escape with `plain` before a terminal sees them.
    package var subject: String?
    package var author: String?
    /// The commit that was deployed when this one was classified; nil where nothing was.
    package var base: CommitID?

    package var state: DeploymentState
    /// The step that runs, waits or ended it.
    package var stage: Stage
    /// Why it ended or what it waits for, in a sentence.
    package var reason: String?
    /// Who must do what now, in a sentence.
    package var advice: String?

    package let detected: Timestamp
    package var updated: Timestamp
    package var ended: Timestamp?
    /// The steps done so far, in order.
    package var steps: [StepRecord] = []

    /// Whether its history no longer contains what was deployed.
    package var historyRewritten = false
    /// What differs from the deployed version.
    package var changes: ChangeSummary?
    /// Changed paths that judge the agent, with what happened to them: the first of them.
    package var surface: [String] = []
    /// How many more there are. Absent: none.
    package var unlistedSurface: Int?
    /// What else of the change a human should see; nil where there is nothing.
    package var hints: HintList?
    /// What of its tree stands for something else; nil where nothing does.
    package var standIns: StandIns?
    /// nil where it has no client.
    package var client: ClientRecord?
    package var verdict: TestVerdict?
    /// Whether its tests notice a failure; nil where none of their runs has passed.
    package var bite: Bite?
    /// The run with the deployed test surface laid over the candidate.
    package var verdictWithDeployedSurface: TestVerdict?
    /// Why a human has to agree; empty where nobody has to.
    package var approvalReasons: [ApprovalReason] = []
    package var approval: Approval?
    /// Everybody's answers, in their order; nil where none was given.
    package var answers: [PersonAnswer]?
    /// Who made what it brings, as its commits say; nil where that is not known: an older daemon's record.
    package var makers: MakerList?
    /// The digest of what whoever answers is shown of it; nil before it is asked about.
    package var shown: String?
    /// Who asked with force, that is without a human's look at the change.
    package var forcedBy: String?
    /// Why, where they had to say so.
    package var forceReason: String?
    /// Why its run goes on to its end though something newer has come; nil where a newer commit calls it off.
    package var letFinish: String?
    /// How often the branch moved, between commits that had a record already, without one being made of it: since the record before, and since this
    /// one as long as it is the newest. Absent: never.
    package var unrecordedMoves: Int?
    /// How often it was asked for again after it had been rejected. Absent: never.
    package var askedAgain: Int?
    /// Who asked for a rollback or a reload.
    package var requestedBy: String?
    /// Why a rollback was asked for, where the health watch did: in a sentence.
    package var requestReason: String?
    /// Whether what made it go back says nothing about the commit: an error of the disk or of the machine. Absent: no.
    package var isBlameless: Bool?

    /// Absolute paths.
    package var backup: String?
    package var release: String?
    /// How the server came to run it.
    package var reload: ReloadRecord?
    package var push: PushRecord?
    /// Whether it was the last known good version at some time: its check passed.
    package var wasGood = false

    package init(id: Int, kind: Kind, commit: CommitID, detected: Timestamp) {
        self.id = id
        self.kind = kind
        self.commit = commit
        self.detected = detected
        updated = detected
        state = .detected
        stage = .first(of: kind)
    }

    package enum Kind: Codable, Hashable, Sendable {
        case commit
        /// Back to an earlier deployment, by its id.
        case rollback(to: Int)
        /// What a deployment brought, and what runs, once more.
        case reload(of: Int)

        package var isReload: Bool { if case .reload = self { true } else { false } }

        /// For a rollback or a reload, the deployment that it leads to.
        package var origin: Int? {
            switch self {
            case .commit: nil
            case .rollback(let id), .reload(let id): id
            }
        }
    }
}

/// One step that ended.
package struct StepRecord: Codable, Hashable, Sendable {
    package var stage: Stage
    package var started: Timestamp
    package var ended: Timestamp
    /// What it did, in a few words.
    package var note: String?

    package init(stage: Stage, started: Timestamp, ended: Timestamp, note: String? = nil) {
        self.stage = stage
        self.started = started
        self.ended = ended
        self.note = note
    }
}

/// How much differs between the deployed tree and the candidate.
package struct ChangeSummary: Codable, Hashable, Sendable {
    /// How many paths a record lists at most; the counts are always whole.
    package static let listed = 200

    package var added: Int
    package var modified: Int
    package var deleted: Int
    /// Paths with their kind of change (`A`, `M`, `D`, `T` and a space before the path).
    package var paths: [String]

    package init(added: Int, modified: Int, deleted: Int, paths: [String]) {
        self.added = added
        self.modified = modified
        self.deleted = deleted
        self.paths = paths.listed(Self.listed)
    }

    package var total: Int { added + modified + deleted }
}

/// The push that follows a success; it never undoes anything.
package struct PushRecord: Codable, Hashable, Sendable {
    package var remote: String
    package var attempts: Int
    package var done: Bool
    package var error: String?
    package var next: Timestamp?

    package init(remote: String, attempts: Int = 0, done: Bool = false, error: String? = nil, next: Timestamp? = nil) {
        self.remote = remote
        self.attempts = attempts
        self.done = done
        self.error = error
        self.next = next
    }

    /// After one more attempt, and in how many milliseconds the next one is due: 5 s, 10 s, … up to ten minutes, so that a remote that is away
    /// for a night costs a line each.
    /// - Parameter problem: why it failed; nil where it did not.
    package func tried(_ problem: String?, at now: Timestamp) -> (PushRecord, pause: Int64?) {
        let pause = problem == nil ? nil : min(600_000, Int64(5000) << min(attempts, 7))
        let next = pause.map { Timestamp(milliseconds: now.milliseconds + $0) }
        return (PushRecord(remote: remote, attempts: attempts + 1, done: problem == nil, error: problem, next: next), pause)
    }
}
