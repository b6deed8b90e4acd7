/// One change of what is on record. Those that belong together are written down together or not at all.
package enum RecordChange: Hashable, Sendable {
    /// A new deployment, by the next number.
    case insert(Deployment)
    /// One that is there, in a state that may follow its last one.
    case save(Deployment)
    case passedTests([String], of: Int)
    /// What the target is.
    case running(StatusDocument.DeployedVersion?)
    /// The last version whose check passed.
    case good(StatusDocument.DeployedVersion)
    /// The branch's commit as last recorded.
    case tip(CommitID)
    case hold(Hold?)
    case calledOff(CalledOff?)
    case quarantine(Quarantine)
    case lift(CommitID)
    case rejection(Rejection)
    /// A rejected tree was asked for once more.
    case askedAgain(tree: String)
    /// A human is to look at a rejected tree once more.
    case forgetRejection(tree: String)

    /// A deployment's end. Where a commit came to one of its own, nothing newer has called it off.
    package static func end(_ deployment: Deployment, _ ending: Ending, at now: Timestamp) -> [RecordChange] {
        let ended = deployment.ended(ending, at: now)
        return [.save(ended)] + (ended.kind == .commit && ended.state != .superseded ? [.calledOff(nil)] : [])
    }
}

/// Runs that were called off by newer commits, one after the other, with none that came to its end.
package struct CalledOff: Codable, Hashable, Sendable {
    package var runs: Int
    /// When the first of them was.
    package var since: Timestamp

    package init(runs: Int, since: Timestamp) {
        self.runs = runs
        self.since = since
    }
}
