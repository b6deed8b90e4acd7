/// How far the answers to one deployment have come, by the policy of this moment. Pure, so that a table tests it.
package struct ApprovalStanding: Hashable, Sendable {
    /// What one rule takes.
    package struct Requirement: Hashable, Sendable {
        package let rule: ApprovalPolicy.Rule
        /// Who has agreed, and counts for it.
        package var given: [String]
        /// Who else could.
        package var mayAnswer: [String]
        /// Whom it names, and who made what they would agree to.
        package var makers: [String]

        package var missing: Int { max(0, rule.need - given.count) }
        /// Whether fewer are left than are missing.
        package var isStuck: Bool { mayAnswer.count < missing }
    }

    package let requirements: [Requirement]
    /// Every answer, with why it does not count where it does not.
    package let answers: [PersonAnswer]

    package init(of deployment: Deployment, by policy: ApprovalPolicy, at now: Timestamp) {
        let answers = (deployment.answers ?? []).map { answer in
            var answer = answer
            answer.void = answer.void ?? Self.objection(to: answer, on: deployment, by: policy, at: now)
            return answer
        }
        self.answers = answers
        let agreed = answers.filter { $0.void == nil && $0.verdict == .approve }.map(\.person)
        requirements = policy.rules(for: deployment).map { rule in
            let named = policy.names(from: rule)
            let makers = named.filter { policy.hasMade(deployment, $0) }
            let able = named.filter { !makers.contains($0) }
            // By names: somebody who answers twice counts once.
            let given = able.filter(agreed.contains)
            let left = able.filter {
                !given.contains($0) && ($0 == ApprovalPolicy.root || policy.person($0)?.canAnswer(at: now) == true)
            }
            return Requirement(rule: rule, given: given, mayAnswer: left, makers: makers)
        }
    }

    package var isMet: Bool { requirements.allSatisfy { $0.missing == 0 } }

    /// Those who have agreed and count for something, in the order in which they did.
    package var agreed: [PersonAnswer] {
        answers.filter { answer in
            answer.void == nil && answer.verdict == .approve && requirements.contains { $0.given.contains(answer.person) }
        }
    }

    /// Why it is not met, in a sentence; nil where it is.
    package var lack: String? {
        guard !isMet else { return nil }
        return requirements.filter { $0.missing > 0 }.map(\.sentence).joined(separator: "; ")
    }

    /// The tolerance for a clock that is put right: what is further back was set back.
    package static let clockTolerance: Int64 = 60_000

    /// Why an answer does not count then; nil where it does.
    private static func objection(
        to answer: PersonAnswer, on deployment: Deployment, by policy: ApprovalPolicy, at now: Timestamp
    ) -> String? {
        if answer.commit != deployment.commit || answer.tree != deployment.tree { return "it was given for another commit" }
        if answer.shown != deployment.shown { return "what it was given for is shown differently now" }
        if answer.person != ApprovalPolicy.root {
            guard let person = policy.person(answer.person) else { return "\(answer.person) is no longer in the policy" }
            let key = person.keys.first { $0.label == answer.key }
            let passkey = person.passkeys.first { $0.label == answer.key }
            guard key != nil || passkey != nil else {
                return "the policy no longer gives \(answer.person) the key that it was given with"
            }
            if let expired = key?.objection(at: now) ?? passkey?.objection(at: now) { return expired }
        }
        if answer.policy != policy.digest { return "the policy has changed since" }
        if now.milliseconds < answer.at.milliseconds - clockTolerance { return "the clock was set back to before it was given" }
        if let expires = answer.expires, now >= expires { return "it has expired on \(expires)" }
        return nil
    }
}

extension ApprovalStanding.Requirement {
    /// What is missing, and from whom.
    package var sentence: String {
        let who = mayAnswer.isEmpty ? "nobody who is left may give it" : "from \(mayAnswer.joined(separator: ", "))"
        let more = given.isEmpty ? "\(missing)" : "\(missing) more"
        let made = makers.isEmpty ? "" : " (\(makers.joined(separator: ", ")) made it)"
        return "rule \(rule.name) needs \(more) \(missing == 1 ? "answer" : "answers"), \(who)\(made)"
    }
}

extension ApprovalPolicy {
    /// The rules that have to be met: for each thing that is asked about, the first that matches.
    package func rules(for deployment: Deployment) -> [Rule] {
        // What waits for no known reason is everything else.
        guard !deployment.approvalReasons.isEmpty else { return rules.suffix(1) }
        var found: [Int] = []
        func need(_ index: Int?) { if let index, !found.contains(index) { found.append(index) } }
        for reason in deployment.approvalReasons {
            switch deployment.paths(for: reason, by: self) {
            case nil: need(rules.firstIndex { $0.paths.isEmpty && $0.isAbout(reason) })
            case .some(let (paths, isCut)):
                for path in paths { need(rules.firstIndex { $0.isAbout(reason) && ($0.paths.isEmpty || $0.names(path)) }) }
                guard isCut || paths.isEmpty else { continue }
                // Which paths there are besides is not known: each of these rules may be about one of them.
                for (index, rule) in rules.enumerated() where rule.isAbout(reason) {
                    need(index)
                    if rule.paths.isEmpty { break }
                }
            }
        }
        return found.sorted().map { rules[$0] }
    }

    /// Whether rules name paths that this changes, so that it is asked about whatever else it is.
    package func asks(about deployment: Deployment) -> Bool {
        guard rules.contains(where: { !$0.paths.isEmpty && $0.isAbout(.policyPaths) }), let changes = deployment.changes else {
            return false
        }
        return changes.total > changes.paths.count || changes.paths.contains { names(path: pathBytes($0)) }
    }

    /// Whether a changed path is asked about because a rule names it.
    fileprivate func names(path: [UInt8]) -> Bool { rules.contains { $0.isAbout(.policyPaths) && $0.names(path) } }

    /// Whether somebody made any of what a deployment brings, as far as its commits say so. Where they are too many to tell, everybody
    /// who makes commits may have.
    package func hasMade(_ deployment: Deployment, _ name: String) -> Bool {
        guard let person = person(name), let makers = deployment.makers else { return false }
        if makers.isCut, !person.authors.isEmpty { return true }
        return makers.listed.contains { maker in
            person.authors.contains(maker.email.lowercased()) || person.authors.contains(maker.name.lowercased())
        }
    }
}

extension ApprovalPolicy.Rule {
    fileprivate func isAbout(_ reason: ApprovalReason) -> Bool { reasons.isEmpty || reasons.contains(reason) }
}

extension Deployment {
    /// The paths that a reason is about, and whether there are more; nil where it is about no path.
    fileprivate func paths(for reason: ApprovalReason, by policy: ApprovalPolicy) -> (paths: [[UInt8]], isCut: Bool)? {
        switch reason {
        case .testSurface: return (surface.map(pathBytes), unlistedSurface != nil || surface.count >= ChangeSummary.listed)
        case .hints:
            guard let hints else { return ([], true) }
            let paths = hints.listed.map { Array($0.path.utf8) } + hints.unread.map { Array($0.utf8) }
            return (paths, hints.count > hints.listed.count || hints.unlistedUnread != nil || hints.unread.count >= HintList.listed)
        case .policyPaths:
            guard let changes else { return ([], true) }
            return (changes.paths.map(pathBytes).filter(policy.names(path:)), changes.total > changes.paths.count)
        case .historyRewritten, .testsVanished, .standIns, .baselineUnreadable, .numbTests, .clientHosts, .serviceWorker: return nil
        }
    }
}

/// The path of a line like `M tests/a.py`.
private func pathBytes(_ line: String) -> [UInt8] { Array(line.utf8.drop { $0 != 0x20 }.dropFirst()) }
