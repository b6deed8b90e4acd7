internal import DeployModel
internal import DeploySteps
internal import QuietTasks

/// Looks whether answers that wait for others, or for the switch, still count: they expire, their policy changes, the clock is set back. What does
/// not count any more is marked so on record.
final class AnswerWatch {
    private let keeper: RecordKeeper
    /// When the loop should look again; nil where nothing counts.
    private(set) var due: ContinuousClock.Instant?

    init(_ keeper: RecordKeeper) {
        self.keeper = keeper
    }

    func look() throws(DeployError) {
        due = nil
        let read = keeper.settings.policy.read()
        if case .failure(let fault) = read {
            keeper.board.warn("policy", "nobody's answer counts: the approval policy cannot be read: \(fault)")
        } else {
            keeper.board.warn("policy", nil)
        }
        let counting = try keeper.store.read { try $0.open() }.filter(\.hasLiveAnswers)
        guard !counting.isEmpty, let policy = try? read.get() else { return }
        let now = Clock.now
        let voided = try keeper.store.write { history -> [(Deployment, PersonAnswer)] in
            let seen = try history.fact(.answersSeen)
            try history.set(.answersSeen, now)
            var voided: [(Deployment, PersonAnswer)] = []
            for deployment in counting {
                let swept = deployment.sweptAnswers(by: policy, at: now, seen: seen)
                guard swept != deployment else { continue }
                try history.save(swept)
                for (before, after) in zip(deployment.answers ?? [], swept.answers ?? []) where before.void != after.void {
                    voided.append((swept, after))
                }
            }
            return voided
        }
        for (deployment, answer) in voided { keeper.announce(.answerVoid(deployment, answer)) }
        if !voided.isEmpty { try keeper.show() }
        let next = counting.compactMap(\.nextExpiry).min().map { max(0, $0.milliseconds - now.milliseconds) } ?? .max
        due = .now + .milliseconds(min(next, Self.patience))
    }

    /// How long nobody looks whether the policy has changed, in milliseconds. Whoever answers, and the switch, look anew anyway.
    private static let patience: Int64 = 30_000
}
