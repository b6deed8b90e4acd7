internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import Logging
internal import PlainText
internal import QuietTasks

/// What becomes of a server that falls ill after its deployment succeeded.
extension DeployLoop {
    /// In whose name the health watch asks for a rollback.
    private static let watcher = Caller(role: .admin, uid: 0, name: "health watch")

    /// Has the version that runs looked after, and takes in what was found.
    func tendHealth() throws(DeployError) {
        let wanted = watched
        if let watch = health, watch.version != wanted {
            watch.stop()
            health = nil
            toldHealth = nil
            board.warn("health", nil)
        }
        if health == nil, let wanted {
            let bell = self.bell
            do {
                health = try HealthWatch(of: wanted, settings) { bell.ring() }
            } catch {
                board.warn("health", "nobody looks after the server's health: \(error)")
            }
        }
        guard let watch = health, watch.finding != toldHealth ?? .well else { return }
        let finding = watch.finding
        toldHealth = finding
        switch finding {
        case .well:
            log.info("the server is healthy again")
            try note("healthy again", of: watch.version)
            board.warn("health", nil)
        case .unknown(let why): board.warn("health", "the server's health cannot be looked at: \(why.plain())")
        case .ill(let problem, let since): try fellIll(watch.version, problem, since)
        }
    }

    /// The version to look after: none where nothing says how, and none while a step has its hands on the target.
    private var watched: StatusDocument.DeployedVersion? {
        guard settings.health.illness != .ignore, settings.health.hasCheck, let document = board.document else { return nil }
        if document.current?.state.touchesTarget == true { return nil }
        if let stage = worker?.stage, [.switch, .reload, .check, .goBack].contains(stage) { return nil }
        return document.deployed
    }

    private func fellIll(_ version: StatusDocument.DeployedVersion, _ problem: String, _ since: Timestamp) throws(DeployError) {
        let words = "not healthy since \(since): \(problem)"
        log.error("the server is \(words.plain())")
        try note(words, of: version)
        if try takesBack(version) {
            board.warn("health", "the server is \(words.plain()); the last good version before it comes back")
            try store.write { history in
                _ = try history.append(.rollback(to: nil, because: words), by: Self.watcher, at: Clock.now)
            }
            bell.ring()
        } else {
            board.warn(
                "health",
                "the server is \(words.plain()); `pinfold reload` reloads it, `pinfold rollback` goes back to the last good version"
            )
        }
    }

    /// Whether this illness is answered by a rollback. Once a version: where the version before it was no better, this one came back, and
    /// stays. Not while there is a hold, since somebody is at work; not on a full disk, on which the version before would be as ill.
    private func takesBack(_ version: StatusDocument.DeployedVersion) throws(DeployError) -> Bool {
        guard settings.health.illness == .rollback, DiskReserve.exhaustion(settings) == nil else { return false }
        let watcher = Self.watcher.description
        return try store.read { history in
            guard try history.fact(.hold) == nil else { return false }
            // A version that was come to by a rollback is not left by itself: that would go on to the oldest.
            guard try history.deployment(version.deployment)?.kind == .commit else { return false }
            return try !history.since(version.deployment).contains { $0.requestedBy == watcher }
        }
    }

    private func note(_ words: String, of version: StatusDocument.DeployedVersion) throws(DeployError) {
        StepLog(path: settings.data.log(of: version.deployment)).note("health watch: \(words)")
        try store.write { history in
            try history.append(
                Event(
                    at: Clock.now, who: Self.watcher.name,
                    what: "looked at deployment \(version.deployment), \(version.commit.short)",
                    outcome: words))
        }
    }
}
