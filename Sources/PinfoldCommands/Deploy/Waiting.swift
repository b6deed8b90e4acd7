internal import AdminInterface
internal import CommandLineSupport
internal import DeployModel
internal import LinuxSystem
internal import PlainText

/// Waits for a deployment's end, or for a human's turn, and tells what happens meanwhile.
struct Waiting {
    private let daemon: DaemonConnection
    private let isQuiet: Bool
    /// How long a daemon that went away may take to come back: a restart in the middle of a deployment loses nothing.
    private static let patience: Duration = .seconds(20)

    init(_ daemon: DaemonConnection, isQuiet: Bool) {
        self.daemon = daemon
        self.isQuiet = isQuiet
    }

    /// The deployment as it then is, and what a command that waited for it ends with.
    func end(of start: Deployment) throws(CommandFailure) -> (Deployment, CommandExit) {
        var deployment = start
        var told: DeploymentState?
        var status: StatusDocument = try persistently { () throws(CommandFailure) in try daemon.ask(.status) }
        while true {
            // The status was read before: whatever changes from there on wakes the wait below.
            deployment = try persistently { () throws(CommandFailure) in try daemon.ask(.deployment, ["\(start.id)"]) }
            if deployment.isSettled { return (deployment, CommandExit(rawValue: deployment.exitCode) ?? .notDone) }
            if told != deployment.state {
                told = deployment.state
                tell("\(deployment.title), commit \(deployment.commit.short): \(deployment.state.words)")
            }
            if let hold = status.hold, deployment.state == .detected, deployment.kind == .commit {
                // It could take days; a human has to act, as with an approval.
                tell(
                    "deployments are on hold by \(hold.by): \(hold.reason); it starts "
                        + (daemon.isAgents ? "when a human ends that" : "after 'pinfold resume'"))
                return (deployment, .waitingForHuman)
            }
            let query = [(name: Query.after, value: "\(status.revision)"), (name: Query.wait, value: "\(Query.longestWait)")]
            status = try persistently { () throws(CommandFailure) in try daemon.ask(.status, query: query) }
        }
    }

    private func persistently<Answer>(_ ask: () throws(CommandFailure) -> Answer) throws(CommandFailure) -> Answer {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                return try ask()
            } catch {
                guard error.code == .unreachable, ContinuousClock.now < deadline else { throw error }
            }
            SystemThread.sleep(milliseconds: 200)
        }
    }

    private func tell(_ text: String) {
        if !isQuiet { Terminal.explain(text.plain()) }
    }
}
