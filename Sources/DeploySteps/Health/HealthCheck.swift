package import DeployModel
internal import LinuxSystem

/// The admin's idea of a healthy server: a command, a URL, or both. Either may say which commit the server serves; that has to be the one
/// that was deployed, or an old process goes on answering and is taken for the new version.
package struct HealthCheck {
    private let settings: PipelineSettings
    private let commit: CommitID
    private let environment: [String: String]
    private let log: StepLog
    private let cancellation: Cancellation
    /// What the server said that it serves, when it was asked last.
    private(set) var served: ServedCommit?

    init(work: Work) {
        settings = work.settings
        commit = work.deployment.commit
        environment = work.commandEnvironment
        log = work.tools.log
        cancellation = work.tools.cancellation
    }

    /// Of a version that runs already; what the health command prints is not kept.
    package init(of version: StatusDocument.DeployedVersion, _ settings: PipelineSettings, cancellation: Cancellation) {
        self.settings = settings
        commit = version.commit
        environment = settings.commandEnvironment(
            commit: version.commit, deployment: version.deployment, release: version.release)
        log = StepLog(path: "/dev/null")
        self.cancellation = cancellation
    }

    /// What is wrong; nil where it is healthy for the whole soak time. A server that is starting has `healthPatience` to answer well once;
    /// from then on one bad answer is enough.
    mutating func problem() throws -> String? {
        guard settings.health.hasCheck else { return nil }
        let clock = ContinuousClock()
        let start = clock.now
        var good: ContinuousClock.Instant?
        var said: String?
        while true {
            try cancellation.check()
            let problem = try look()
            switch (problem, good) {
            case (nil, nil): good = clock.now
            case (nil, .some): break
            case (let problem?, nil):
                if clock.now - start >= .milliseconds(settings.health.patience) {
                    return "not healthy within \(shown(settings.health.patience)): \(problem)"
                }
            case (let problem?, .some): return "healthy at first, then not: \(problem)"
            }
            if let good, clock.now - good >= .milliseconds(settings.health.soak) { return nil }
            // A long soak would fill the log with the same line.
            if said != problem ?? "good" {
                said = problem ?? "good"
                log.note("health: \(problem ?? "good")")
            }
            try wait(milliseconds: good == nil ? 100 : min(max(250, settings.health.soak / 100), 5000))
        }
    }

    /// What is wrong at this moment; nil where nothing is.
    package mutating func look() throws -> String? {
        if let url = settings.health.url {
            guard let request = HTTPGet(url) else { return "\(url) is not an http:// URL" }
            do {
                let answer = try request.answer(withinMilliseconds: 5000) { [cancellation] in
                    cancellation.why != nil
                }
                if !(200..<400).contains(answer.status) { return "\(url) answers \(answer.status)" }
                if let commit = answer.commit, let objection = serves(commit, says: url) { return objection }
            } catch {
                return error.description
            }
        }
        if let command = settings.health.command {
            let (ending, said) = try AdminCommand(
                name: "health command", command: command, seconds: 30, environment: environment
            ).run(log: log, cancellation: cancellation)
            if !ending.succeeded { return "the health command ended with \(ending.sentence)" }
            if let commit = ServedCommit.named(in: said), let objection = serves(commit, says: "the health command") {
                return objection
            }
        }
        return nil
    }

    private mutating func serves(_ text: String, says who: String) -> String? {
        let said = ServedCommit(text)
        served = said
        return said.objection(to: commit, says: who)
    }

    /// In pieces, so that being called off is not put off by a long pause.
    private func wait(milliseconds: Int) throws(Cancelled) {
        var left = milliseconds
        while left > 0 {
            let piece = min(left, 250)
            SystemThread.sleep(milliseconds: UInt64(piece))
            left -= piece
            if left > 0 { try cancellation.check() }
        }
    }

    private func shown(_ milliseconds: Int) -> String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
