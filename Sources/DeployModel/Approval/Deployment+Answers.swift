extension [PersonAnswer] {
    /// How many of them do not count any more.
    package var voided: Int { count { $0.void != nil } }
}

/// What becomes of answers while they wait for others, or for the switch.
extension Deployment {
    /// Whether an answer counts, so that it may come not to.
    package var hasLiveAnswers: Bool {
        !state.isEnd && approval?.used == nil && answers?.contains { $0.void == nil && $0.verdict == .approve } == true
    }

    /// The moment at which the first of them expires; nil where none does.
    package var nextExpiry: Timestamp? {
        hasLiveAnswers ? answers?.filter { $0.void == nil }.compactMap(\.expires).min() : nil
    }

    /// It, with the answers that have come to count for nothing marked, for good: nothing makes them count again.
    /// - Parameter seen: when they were looked at before.
    package func sweptAnswers(by policy: ApprovalPolicy, at now: Timestamp, seen: Timestamp?) -> Deployment {
        guard hasLiveAnswers else { return self }
        var swept = self
        swept.answers = ApprovalStanding(of: self, by: policy, at: now).answers
        if let seen, now.milliseconds < seen.milliseconds - ApprovalStanding.clockTolerance {
            // How long ago they were given cannot be told any more.
            swept.answers = swept.answers?.map { answer in
                var answer = answer
                if answer.verdict == .approve { answer.void = answer.void ?? "the clock was set back from \(seen) to \(now)" }
                return answer
            }
        }
        return swept
    }

    /// Answers, each void where either record says so.
    static func merged(_ one: [PersonAnswer]?, _ other: [PersonAnswer]?) -> [PersonAnswer]? {
        guard let one, let other else { return one ?? other }
        let longer = one.count < other.count ? other : one
        let shorter = one.count < other.count ? one : other
        return longer.enumerated().map { index, answer in
            var answer = answer
            if index < shorter.count { answer.void = answer.void ?? shorter[index].void }
            return answer
        }
    }
}
