internal import CLinux
internal import DeployModel

/// The admin's idea of a healthy server: a command, a URL, or both. Either may say which commit the server serves; that has to be the one
/// that was deployed, or an old process goes on answering and is taken for the new version.
struct HealthCheck {
    let work: Work
    /// What the server said that it serves, when it was asked last.
    private(set) var served: ServedCommit?

    init(work: Work) {
        self.work = work
    }

    var isConfigured: Bool { work.settings.healthCommand != nil || work.settings.healthURL != nil }

    /// What is wrong; nil where it is healthy for the whole soak time. A server that is starting has `healthPatience` to answer well once;
    /// from then on one bad answer is enough.
    mutating func problem() throws -> String? {
        guard isConfigured else { return nil }
        let clock = ContinuousClock()
        let start = clock.now
        var good: ContinuousClock.Instant?
        while true {
            try work.tools.cancellation.check()
            let problem = try look()
            switch (problem, good) {
            case (nil, nil): good = clock.now
            case (nil, let since?): if clock.now - since >= .milliseconds(work.settings.healthSoak) { return nil }
            case (let problem?, nil):
                if clock.now - start >= .milliseconds(work.settings.healthPatience) {
                    return "not healthy within \(work.settings.healthPatience) ms: \(problem)"
                }
            case (let problem?, .some): return "healthy at first, then not: \(problem)"
            }
            work.tools.log.note("health: \(problem ?? "good")")
            usleep(good == nil ? 100_000 : 250_000)
        }
    }

    private mutating func look() throws -> String? {
        if let url = work.settings.healthURL {
            guard let request = HTTPGet(url) else { return "\(url) is not an http:// URL" }
            do {
                let answer = try request.answer(withinMilliseconds: 5000)
                if !(200..<400).contains(answer.status) { return "\(url) answers \(answer.status)" }
                if let commit = answer.commit, let objection = serves(commit, says: url) { return objection }
            } catch {
                return error.description
            }
        }
        if let command = work.settings.healthCommand {
            let (ending, said) = try AdminCommand(
                name: "health command", command: command, seconds: 30, environment: work.commandEnvironment
            ).run(work.tools)
            if !ending.succeeded { return "the health command ended with \(ending.sentence)" }
            if let commit = ServedCommit.named(in: said), let objection = serves(commit, says: "the health command") {
                return objection
            }
        }
        return nil
    }

    private mutating func serves(_ text: String, says who: String) -> String? {
        let commit = ServedCommit(text)
        served = commit
        return commit.objection(to: work.deployment.commit, says: who)
    }
}
