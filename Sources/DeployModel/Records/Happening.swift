internal import PlainText

/// Something that people are told: what the daemon's log says of it, and what of it is kept in the events.
package enum Happening: Hashable, Sendable {
    case detected(Deployment)
    /// It has come to its next step.
    case advanced(Deployment)
    case waits(Deployment)
    case goesBack(Deployment)
    case ended(Deployment)
    case decided(OpenDecision, Answer)
    /// An answer that was given has come to count for nothing.
    case answerVoid(Deployment, PersonAnswer)
    /// The target is not what the record says: what it is, and what has been made of that.
    case targetDiffers(String, outcome: String?)
    /// What the health watch has found of the version that runs.
    case fellIll(StatusDocument.DeployedVersion, String)
    case gotWell(StatusDocument.DeployedVersion)
    /// The flag file was removed while somebody was waited for.
    case flagRemoved(String)
    /// A directory was open to others than it should be.
    case narrowed(String, mode: UInt32)
    case reclaimed(String, bytes: Int)
    /// Nothing may go on that cannot be recorded.
    case cannotRecord(String)
    /// The same, where trying again is of no use.
    case standsStill(String)

    package enum Weight: Hashable, Sendable {
        case info
        case warning
        case error
    }

    package var weight: Weight {
        switch self {
        case .detected, .advanced, .waits, .decided, .gotWell, .reclaimed: .info
        case .ended(let deployment):
            deployment.state == .rolledBack || deployment.state == .failed && deployment.stage.targetUse != .none ? .warning : .info
        case .goesBack, .targetDiffers, .flagRemoved, .narrowed, .answerVoid: .warning
        case .fellIll, .cannotRecord, .standsStill: .error
        }
    }

    /// nil where the status says enough.
    package var sentence: String? {
        switch self {
        case .detected(let deployment): "deployment \(deployment.id): \(deployment.commit.short) detected"
        case .advanced: nil
        case .waits(let deployment): "deployment \(deployment.id): waits for a human"
        case .goesBack(let deployment): "deployment \(deployment.id): \((deployment.reason ?? "").plain()); going back"
        case .ended(let deployment) where deployment.state == .deployed:
            "deployment \(deployment.id): \(deployment.commit.short) \(deployment.kind.isReload ? "reloaded" : "deployed")"
        case .ended(let deployment):
            "deployment \(deployment.id): \(deployment.state.rawValue)"
                + (deployment.reason.map { ": \($0.plain())" } ?? "")
        case .decided(let open, _): "\(open.caller): \(open.decision.words.plain())"
        case .answerVoid(let deployment, let answer):
            "deployment \(deployment.id): the answer of \(answer.person) is void: \((answer.void ?? "").plain())"
        case .targetDiffers(let what, let outcome): [what, outcome].compactMap(\.self).joined(separator: "; ")
        case .fellIll(_, let words): "the server is \(words.plain())"
        case .gotWell: "the server is healthy again"
        case .flagRemoved(let path): "\(path) was removed by hand; that approves nothing, and it is written again"
        case .narrowed(let path, let mode):
            "\(path) was open to others than it should be; its mode is within \(String(mode, radix: 8)) now"
        case .reclaimed(let path, let bytes): "\(path): \(bytes >> 20) MiB that nothing is built on were given back"
        case .cannotRecord(let why): "the state cannot be written; trying again: \(why)"
        case .standsStill(let why): "no deployment goes on: \(why); an answer of the admin's or a restart tries once more"
        }
    }

    /// What is kept of it for good; nil where the deployments' records hold it, or nothing needs to.
    package func event(at now: Timestamp) -> Event? {
        switch self {
        case .decided(let open, let answer):
            let outcome = if case .refused(let error) = answer { "refused: \(error.message)" } else { "done" }
            return Event(at: now, who: open.caller.description, what: open.decision.words, outcome: outcome)
        case .targetDiffers(let what, let outcome):
            return Event(at: now, who: "pinfold-deployd", what: what, outcome: outcome ?? "left as it is")
        case .answerVoid(let deployment, let answer):
            let what = "the answer of \(answer.person) to deployment \(deployment.id), \(deployment.commit.short)"
            return Event(at: now, who: "pinfold-deployd", what: what, outcome: "void: \(answer.void ?? "")")
        case .fellIll(let version, let words): return Self.looked(at: version, words, now)
        case .gotWell(let version): return Self.looked(at: version, "healthy again", now)
        case .detected, .advanced, .waits, .goesBack, .ended, .flagRemoved, .narrowed, .reclaimed, .cannotRecord, .standsStill:
            return nil
        }
    }

    private static func looked(at version: StatusDocument.DeployedVersion, _ words: String, _ now: Timestamp) -> Event {
        Event(
            at: now, who: Caller.healthWatch.name, what: "looked at deployment \(version.deployment), \(version.commit.short)",
            outcome: words)
    }
}

extension Caller {
    /// In whose name the health watch asks for a rollback.
    package static let healthWatch = Caller(role: .admin, uid: 0, name: "health watch")
}
