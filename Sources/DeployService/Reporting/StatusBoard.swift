internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import FoundationEssentials
internal import LinuxSystem
internal import QuietTasks

/// What the state looks like from outside: `status.json`, the answer to `status`, and the revision that others wait for.
final class StatusBoard: Sendable {
    private struct State {
        var document: StatusDocument?
        var warnings: [String: String] = [:]
        var branch = ""
    }

    private let settings: PipelineSettings
    private let serverRights: ServerRightsWatch
    private let state = Lock(State())
    /// Held from reading the state until it is shown: nobody shows an older state after a newer one. Taken before the signal's lock, and that
    /// before `state`.
    private let publishing = Lock(())
    let signal: ChangeSignal

    /// - Parameter branch: the one that deploys, where that is known already: a restart does not forget it.
    init(_ settings: PipelineSettings, branch: String?) {
        self.settings = settings
        serverRights = ServerRightsWatch(settings)
        // Later than any revision of an earlier daemon: than the one that it wrote last, should the clock have gone back since.
        let last = ((try? DurableFile.read(settings.data.status)) ?? nil).flatMap {
            try? DeployJSON.decode(StatusDocument.self, from: Data($0))
        }
        signal = ChangeSignal(revision: max(Int(Clock.now.milliseconds), last?.revision ?? 0))
        state.withLock { $0.branch = branch ?? "" }
    }

    var document: StatusDocument? { state.withLock { $0.document } }

    /// The deployment that waits for a human, for the flag file.
    var waiting: Deployment? {
        document?.current.flatMap { $0.waitsForHuman ? $0 : nil }
    }

    var branch: String {
        get { state.withLock { $0.branch } }
        set { state.withLock { $0.branch = newValue } }
    }

    /// Says what is wrong in one respect, or no longer. Shown at the next `show`, or at once where it is new. Any thread may call it: one that
    /// writes at that moment may have shown the state without this, so it is written after that one, whatever is in the document by then.
    func warn(_ about: String, _ text: String?) {
        let isNew = state.withLock { state in
            guard state.warnings[about] != text else { return false }
            state.warnings[about] = text
            return true
        }
        guard isNew else { return }
        publishing.withLock { _ in
            if let document { write(document) }
        }
    }

    /// Warns of a server that has rights which the agent must not get by a commit, or no longer; waits for at most `milliseconds`.
    func lookAtServer(waitingMilliseconds milliseconds: Int = 0) {
        serverRights.look(waitingMilliseconds: milliseconds) { [weak self] in self?.warn("server", $0) }
    }

    /// Reads the state and shows it.
    func show(_ store: HistoryStore) throws(DeployError) {
        let outcome = publishing.withLock { _ -> Result<Void, DeployError> in
            do throws(DeployError) {
                write(try read(store))
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func read(_ store: HistoryStore) throws(DeployError) -> StatusDocument {
        let empty = StatusDocument(revision: 0, updated: Clock.now, branch: branch, target: settings.versions.target)
        var (document, standIns) = try store.read { history in
            var document = empty
            document.tip = try history.fact(.tip)
            document.deployed = try history.fact(.running)
            document.lastKnownGood = try history.fact(.good)
            document.hold = try history.fact(.hold)
            document.quarantine = try history.quarantine()
            let open = try history.open()
            document.current = open.first(where: \.hasBegun) ?? open.last
            document.last = try history.lastEnded()
            document.lastNumber = try history.lastNumber()
            let served = try document.deployed.flatMap { try history.deployment($0.origin) }
            let standIns = served.flatMap { served in
                served.standIns?.sentence(of: "what is deployed (pinfold show \(served.id))")
            }
            return (document, standIns)
        }
        if let current = document.current, current.waitsForHuman, let tree = current.tree {
            document.waiting = StatusDocument.Waiting(
                deployment: current.id, commit: current.commit, tree: tree, reasons: current.approvalReasons,
                files: current.surface,
                since: current.updated,
                answers: [
                    "pinfold diff \(current.id)", "pinfold approve \(current.commit)",
                    "pinfold reject \(current.commit) --reason REASON",
                ], approval: ApprovalProgress(of: current, by: settings.policy.read(), at: Clock.now))
        }
        document.rules = rules(document)
        state.withLock { $0.warnings["stand-ins"] = standIns }
        return document
    }

    /// The file first: who is woken finds it. The warnings are those of this moment, not those that `shown` came with: one may have come since.
    private func write(_ shown: StatusDocument) {
        var document = shown
        // Only here is it counted, under `publishing`.
        document.revision = signal.revision + 1
        document.updated = Clock.now
        note(warningsIn: &document, status: nil)
        do {
            // Everybody may read it, the agent too.
            try DurableFile.write(DeployJSON.encode(document.unnamed, pretty: true), to: settings.data.status)
        } catch {
            note(warningsIn: &document, status: "\(settings.data.status) is out of date: \(explanation(of: error).reason)")
        }
        let final = document
        signal.advance { _ in state.withLock { $0.document = final } }
    }

    /// All of them, by what they are about.
    /// - Parameter status: what is wrong with the file itself.
    private func note(warningsIn document: inout StatusDocument, status: String?) {
        (document.warnings, document.pushWarning) = state.withLock { state in
            state.warnings["status"] = status
            return (state.warnings.sorted { $0.key < $1.key }.map(\.value), state.warnings["push"])
        }
    }

    /// The rules in force, in words.
    private func rules(_ document: StatusDocument) -> [String] {
        var rules: [String] = []
        if settings.tests.required {
            rules.append(
                "tests must pass, within \(settings.tests.timeout) s (AGENT_DEPLOY_REQUIRE_TESTS, AGENT_DEPLOY_TEST_TIMEOUT)")
            if (document.current?.verdict ?? document.last?.verdict)?.basis == .exitCode {
                rules.append(
                    "the verdict is the test command's exit code alone, which code under test can fake: give a JUnit report (AGENT_DEPLOY_TEST_REPORT)"
                )
            }
            switch (settings.judge.bites, (document.current?.bite ?? document.last?.bite)) {
            case (false, _): rules.append("whether tests notice a failure is not tried: AGENT_DEPLOY_JUDGE=false")
            case (true, let bite?) where bite.outcome == .impossible: rules.append(bite.sentence)
            case (true, _):
                rules.append("tests that have passed run once more, each made to fail; what passes all the same waits for a human")
            }
        } else {
            rules.append("tests are not run: AGENT_DEPLOY_REQUIRE_TESTS=false")
        }
        rules.append(
            settings.judge.requiresApproval
                ? "a change of what judges the agent waits for a human"
                : "changes of what judges the agent are deployed unseen: AGENT_REQUIRE_HUMAN_APPROVAL_FOR_TEST_CHANGES=false")
        if let policy = try? settings.policy.read().get(), policy != .rootAlone {
            rules.append("who may answer is what \(settings.policy.path ?? "") says: pinfold policy")
        }
        rules.append("a branch that no longer contains what is deployed waits for a human")
        guard settings.health.hasCheck else {
            rules.append(
                "no health check: whatever was switched to counts as good (AGENT_DEPLOY_HEALTH_URL, AGENT_DEPLOY_HEALTH_COMMAND)")
            return rules
        }
        let patience = settings.health.patience / 1000
        rules.append("the server must answer well within \(patience) s, and stay so for \(settings.health.soak / 1000) s")
        switch settings.health.illness {
        case .tell:
            rules.append("a server that falls ill afterwards, for \(patience) s, is told of here (AGENT_DEPLOY_HEALTH_WATCH=tell)")
        case .rollback:
            rules.append(
                "a server that falls ill afterwards, for \(patience) s, is taken back to the last good version, once (AGENT_DEPLOY_HEALTH_WATCH=rollback)"
            )
        case .ignore: rules.append("nobody looks after the server's health afterwards: AGENT_DEPLOY_HEALTH_WATCH=ignore")
        }
        return rules
    }
}
