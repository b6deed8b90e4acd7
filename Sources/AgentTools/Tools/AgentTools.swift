package import AdminClient
internal import AdminInterface
package import DeployModel
internal import FoundationEssentials
internal import LinuxSystem
internal import PlainText

/// What an agent can ask of Pinfold, as tools: the same as its commands, over the same socket. None of them answers for a human.
package struct AgentTools: Sendable {
    /// Says of a path, and whether it is about writing, what `pinfold why` says: in words, and as JSON.
    package typealias Explain = @Sendable (_ path: String, _ write: Bool) throws(ToolFailure) -> (text: String, value: JSONValue)

    private let daemon: AdminClient
    private let explain: Explain

    /// How long a deployment is waited for. Clients give up after a minute; a human may take days.
    private static let patience: Duration = .seconds(50)
    /// How long a daemon that has gone away may take to come back: a restart loses nothing.
    private static let absence: Duration = .seconds(20)
    /// How much output an answer holds: what a model reads, and pays for.
    private static let outputBytes = 32 << 10

    package init(daemon: AdminClient, explain: @escaping Explain) {
        self.daemon = daemon
        self.explain = explain
    }

    func call(_ tool: Tool, _ arguments: [String: JSONValue], _ call: ToolCall) throws(ToolFailure) -> ToolResult {
        let arguments = try Arguments(arguments, of: tool)
        switch tool {
        case .deploy: return try deploy(arguments, call)
        case .status:
            let status: StatusDocument = try ask { () throws(AdminClientError) in try daemon.ask(.status) }
            return try Self.result(status, nil)
        case .show:
            let id = try arguments.number("id", atLeast: 1)
            let record: Deployment = try ask { () throws(AdminClientError) in try daemon.ask(.show, ["\(id)"]) }
            return try Self.result(record, nil)
        case .log: return try log(try arguments.number("id", atLeast: 1), try arguments.optionalNumber("from", atLeast: 0))
        case .explain:
            let (text, value) = try explain(try arguments.text("path"), try arguments.flag("write"))
            return ToolResult(texts: [text], structured: value)
        case .workspace:
            let workspace: Workspace = try ask { () throws(AdminClientError) in try daemon.ask(.workspace) }
            return try Self.result(workspace, nil)
        }
    }

    // Deploying.

    private func deploy(_ arguments: Arguments, _ call: ToolCall) throws(ToolFailure) -> ToolResult {
        let input = DeployAgentCodeInput(
            commitMessage: try arguments.text("commit_message"), forceDeploy: try arguments.flag("force_deploy"))
        let end = ContinuousClock.now + Self.patience
        call.tell("committing what has changed")
        var deployment: Deployment
        do throws(AdminClientError) {
            deployment = try daemon.ask(.deploy, sending: input)
        } catch {
            // Cut off in the middle, the commit may be made or not: asked again, it is what is waited for either way.
            guard case .interrupted = error else { throw ToolFailure(error) }
            call.tell("the deploy daemon went away; asking it again")
            deployment = try persistently(until: end, call) { () throws(AdminClientError) in try daemon.ask(.deploy, sending: input)
            }
        }
        let id = deployment.id
        var told: DeploymentState?
        while !deployment.isSettled, ContinuousClock.now < end, !call.isAbandoned() {
            if told != deployment.state { call.tell("deployment \(id): \(deployment.state.rawValue)") }
            told = deployment.state
            let wait = max(1, min(3, Int((end - .now) / .seconds(1))))
            deployment = try persistently(until: end, call) { () throws(AdminClientError) in
                try daemon.ask(.deployment, ["\(id)"], query: [(name: Query.wait, value: "\(wait)")])
            }
        }
        call.tell("deployment \(id): \(deployment.state.rawValue)")
        return try Self.result(DeployAgentCodeOutput(deployment), words(about: deployment))
    }

    /// What the six fields do not say.
    private func words(about deployment: Deployment) -> String {
        var lines = ["deployment \(deployment.id), commit \(deployment.commit.short): \(deployment.state.rawValue)"]
        if let reason = deployment.reason { lines[0] += ": \(reason.plain())" }
        if let again = deployment.askedAgain { lines.append("It was asked for \(again) times since it was rejected.") }
        if !deployment.isSettled {
            lines.append("It goes on by itself; show_deployment and deployment_log with id \(deployment.id) say how far it is.")
        }
        if let advice = deployment.advice { lines.append("To do: \(advice)") }
        guard deployment.state == .failed || deployment.state == .rolledBack else { return lines.joined(separator: "\n") }
        let verdict = deployment.verdict
        lines +=
            (verdict?.failed ?? []).map { "failed: \($0.plain())" }
            + (verdict?.vanished ?? []).map { "gone: \($0.plain())" }
        if let output = try? tail(of: deployment.id), !output.text.isEmpty {
            lines.append("The end of its output:\n\(output.text.plain(lines: true))")
        }
        return lines.joined(separator: "\n")
    }

    // Output.

    private func log(_ id: Int, _ from: Int?) throws(ToolFailure) -> ToolResult {
        guard let from else { return try Self.result(try tail(of: id), nil) }
        return try Self.result(try page(of: id, from), nil)
    }

    private func page(of id: Int, _ from: Int) throws(ToolFailure) -> LogPage {
        let query = [(name: Query.from, value: "\(from)"), (name: Query.limit, value: "\(Self.outputBytes)")]
        return try ask { () throws(AdminClientError) in try daemon.ask(.log, ["\(id)"], query: query) }
    }

    private func tail(of id: Int) throws(ToolFailure) -> LogPage {
        var kept = LogPage(text: "", next: 0, complete: false)
        while true {
            let page: LogPage = try ask { () throws(AdminClientError) in
                try daemon.ask(.log, ["\(id)"], query: [(name: Query.from, value: "\(kept.next)")])
            }
            let bytes = Array((kept.text + page.text).utf8.suffix(Self.outputBytes)).drop { $0 & 0xC0 == 0x80 }
            kept = LogPage(text: String(decoding: bytes, as: UTF8.self), next: page.next, complete: page.complete)
            if page.complete || page.text.isEmpty { return kept }
        }
    }

    // Asking.

    private func ask<Answer>(_ body: () throws(AdminClientError) -> Answer) throws(ToolFailure) -> Answer {
        do {
            return try body()
        } catch {
            throw ToolFailure(error)
        }
    }

    /// Asks until there is an answer, for as long as a daemon that restarts may be away.
    private func persistently<Answer>(
        until end: ContinuousClock.Instant, _ call: ToolCall, _ body: () throws(AdminClientError) -> Answer
    ) throws(ToolFailure) -> Answer {
        let deadline = min(end, ContinuousClock.now + Self.absence)
        while true {
            do {
                return try body()
            } catch {
                guard error.passes, ContinuousClock.now < deadline, !call.isAbandoned() else { throw ToolFailure(error) }
            }
            SystemThread.sleep(milliseconds: 200)
        }
    }

    private static func result(_ value: some Encodable, _ words: String?) throws(ToolFailure) -> ToolResult {
        do {
            let structured = try JSONValue(try DeployJSON.encode(value))
            return ToolResult(texts: [words].compactMap(\.self) + [structured.text], structured: structured)
        } catch {
            throw ToolFailure("the answer cannot be written as JSON: \(error)")
        }
    }
}

extension AdminClientError {
    /// Whether it may be otherwise in a moment: the daemon starts, or is still busy with the request that was cut off.
    fileprivate var passes: Bool {
        switch self {
        case .unreachable, .interrupted: true
        case .problem(let problem): problem.kind == .unavailable || problem.kind == .busy
        case .incomprehensible: false
        }
    }
}

extension ToolFailure {
    fileprivate init(_ error: AdminClientError) {
        switch error {
        case .interrupted:
            self.init(
                "the deploy daemon went away and has not come back; what it had begun is on disk and goes on when it runs: ask deployment_status"
            )
        default: self.init("\(error)".plain())
        }
    }
}
