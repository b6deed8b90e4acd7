/// What a decision comes to: the answer, what changes with it on record, and what becomes of the step that runs.
package struct Ruling: Hashable, Sendable {
    package var answer: Answer
    package var changes: [RecordChange] = []
    /// How the deployment whose step runs ends; that step is not waited for where it touches nothing of the target's.
    package var callsOff: Ending?
    /// Whether it is a way back, which waits for nothing that touches nothing.
    package var goesFirst = false
    /// Whether the step that runs gives way, and begins again when what was asked for is done.
    package var interrupts = false

    package init(_ answer: Answer, _ changes: [RecordChange] = []) {
        self.answer = answer
        self.changes = changes
    }

    static func refused(_ why: String) -> Ruling { Ruling(.refused(.refused(why))) }
}

/// What holds when somebody asks.
package struct Standing: Sendable {
    /// What is under way, in the order of its numbers.
    package var open: [Deployment]
    package var running: StatusDocument.DeployedVersion?
    package var tip: CommitID?
    package var hold: Hold?
    package var quarantine: [Quarantine]
    package var nextNumber: Int
    /// The deployment whose step runs.
    package var working: Int?
    /// Those whose switch has written its mark.
    package var marked: Set<Int>
    /// Whether anything says how to reload the server, or whether it is well.
    package var canReload: Bool
    /// Who may answer; at each decision as the file says it then.
    package var policy: Result<ApprovalPolicy, PolicyFault>

    package init(
        open: [Deployment], running: StatusDocument.DeployedVersion?, tip: CommitID?, hold: Hold?, quarantine: [Quarantine],
        nextNumber: Int, working: Int?, marked: Set<Int>, canReload: Bool,
        policy: Result<ApprovalPolicy, PolicyFault> = .success(.rootAlone)
    ) {
        self.open = open
        self.running = running
        self.tip = tip
        self.hold = hold
        self.quarantine = quarantine
        self.nextNumber = nextNumber
        self.working = working
        self.marked = marked
        self.canReload = canReload
        self.policy = policy
    }
}

/// The deployments that have been, as far as a decision looks at them.
package protocol PastDeployments {
    func deployment(_ id: Int) throws -> Deployment?
    /// The newest of this commit.
    func latest(of commit: CommitID) throws -> Deployment?
    /// Another commit on record than that one whose id begins so.
    func commit(beginning prefix: String, but commit: CommitID) throws -> CommitID?
    /// Those whose state is that now, the newest first.
    func deployed(before id: Int) throws -> [Deployment]
}
