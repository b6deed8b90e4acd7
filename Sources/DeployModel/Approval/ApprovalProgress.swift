/// How far the answers have come, as the status, the page and `pinfold policy` show it.
package struct ApprovalProgress: Codable, Hashable, Sendable {
    package enum State: String, Codable, Hashable, Sendable, CaseIterable {
        /// Nobody's answer counts yet.
        case asked
        /// Some of those who are needed have agreed.
        case partly
        /// Everybody who is needed has.
        case approved
        /// The policy cannot be read, so that nobody's answer counts.
        case unreadable
    }

    /// One rule that has to be met.
    package struct Need: Codable, Hashable, Sendable {
        package var rule: String
        package var need: Int
        package var given: [String]
        package var mayAnswer: [String]
        /// Whom the rule names, and who may not since they made it.
        package var makers: [String]
        /// What is missing, in a sentence; nil where nothing is.
        package var lack: String?
    }

    package var state: State
    package var needs: [Need]
    package var answers: [PersonAnswer]
    package var base: CommitID?
    package var policy: String
    package var surfaceDigest: String?
    /// Why the policy cannot be read.
    package var fault: String?

    package init(of deployment: Deployment, by policy: Result<ApprovalPolicy, PolicyFault>, at now: Timestamp) {
        base = deployment.base
        surfaceDigest = deployment.shown
        switch policy {
        case .failure(let problem):
            (state, needs, self.policy, fault) = (.unreadable, [], "", problem.description)
            answers = deployment.answers ?? []
        case .success(let policy):
            let standing = ApprovalStanding(of: deployment, by: policy, at: now)
            self.policy = policy.digest
            answers = standing.answers
            needs = standing.requirements.map { requirement in
                Need(
                    rule: requirement.rule.name, need: requirement.rule.need, given: requirement.given,
                    mayAnswer: requirement.mayAnswer,
                    makers: requirement.makers, lack: requirement.missing > 0 ? requirement.sentence : nil)
            }
            state = standing.isMet ? .approved : standing.agreed.isEmpty ? .asked : .partly
        }
    }

    /// `rule all: 1 of 2`, for each rule: what everybody may read.
    package var counts: [String] { needs.map { "rule \($0.rule): \($0.given.count) of \($0.need)" } }

    /// `1 of 2 (ada)`, for each rule.
    package var words: [String] {
        if let fault { return ["the approval policy cannot be read, so nobody's answer counts: \(fault)"] }
        return needs.map { need in
            let given = need.given.isEmpty ? "" : " (\(need.given.joined(separator: ", ")))"
            return "\(need.given.count) of \(need.need)\(given)" + (need.lack.map { ": \($0)" } ?? ", rule \(need.rule)")
        }
    }
}
