/// What somebody asked of the loop: a row that a request appends, and that the loop answers once.
package enum DeployDecision: Codable, Hashable, Sendable {
    /// - Parameter by: nil in what an older daemon was asked: the kernel's word.
    case approve(commit: String, by: AnswerClaim? = nil)
    case reject(commit: String, reason: String, by: AnswerClaim? = nil)
    /// - Parameter because: why, where it is the health watch that asks.
    case rollback(to: Int?, because: String? = nil)
    case reload
    case lift(commit: String)
    case hold(reason: String)
    case resume
    /// The deployment of this commit that is to be waited for: where it has none yet or its last one did not succeed, a new one.
    /// - Parameter because: why by force.
    case deploy(commit: CommitID, force: Bool, because: String? = nil)

    /// Whether what it comes to depends on the version that runs.
    package var asksWhatRuns: Bool {
        switch self {
        case .rollback, .reload, .deploy, .lift: true
        case .approve, .reject, .hold, .resume: false
        }
    }

    package var words: String {
        switch self {
        case .approve(let commit, let claim): "approve \(commit)\(Self.words(claim))"
        case .reject(let commit, let reason, let claim): "reject \(commit)\(Self.words(claim)): \(reason)"
        case .rollback(let id, let reason):
            (id.map { "roll back to deployment \($0)" } ?? "roll back") + (reason.map { ": \($0)" } ?? "")
        case .reload: "reload"
        case .lift(let commit): "lift the quarantine of \(commit)"
        case .hold(let reason): "hold: \(reason)"
        case .resume: "resume"
        case .deploy(let commit, let force, let reason):
            "deploy \(commit)\(force ? " by force" : "")" + (reason.map { ": \($0)" } ?? "")
        }
    }

    /// Who is meant, where the kernel's word does not say it.
    private static func words(_ claim: AnswerClaim?) -> String {
        guard let claim, claim.proof != .peer else { return "" }
        return " as \(claim.person), by \(claim.key ?? claim.proof.rawValue)"
    }
}

/// The loop's answer to a decision.
package enum Answer: Codable, Hashable, Sendable {
    case deployment(Int)
    case quarantine(Quarantine)
    case hold(Hold)
    case done
    case refused(DeployError)
}

/// A decision that waits for its answer.
package struct OpenDecision: Hashable, Sendable {
    package let id: Int64
    package let decision: DeployDecision
    package let caller: Caller
    package let at: Timestamp

    package init(id: Int64, decision: DeployDecision, caller: Caller, at: Timestamp) {
        self.id = id
        self.decision = decision
        self.caller = caller
        self.at = at
    }
}
