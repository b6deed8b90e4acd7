internal import PlainText

/// Everything that can be asked of the deploy daemon, as data: the server, the client and the description in `Docs/openapi.json` all
/// go by this list.
package enum Route: String, CaseIterable, Sendable {
    case deploy
    case deployment
    case status
    case stream
    case history
    case events
    case show
    case log
    case diff
    case changes
    case changedFile
    case tests
    case surface
    case explain
    case workspace
    case policy
    case approve
    case reject
    case lift
    case rollback
    case reload
    case hold
    case resume

    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// Who may ask. What the agent may, the admin may too.
    package enum Audience: String, Sendable {
        case admin
        case agent
    }

    package var method: Method {
        switch self {
        case .deployment, .status, .stream, .history, .events, .show, .log, .diff, .changes, .changedFile, .tests, .surface,
            .workspace, .policy:
            .get
        case .deploy, .explain, .approve, .reject, .lift, .rollback, .reload, .hold, .resume: .post
        }
    }

    /// The path, with parameters in braces.
    package var path: String {
        switch self {
        case .deploy: "/deploy"
        case .deployment: "/deploy/{id}"
        case .status: "/status"
        case .stream: "/stream"
        case .history: "/deployments"
        case .events: "/events"
        case .show: "/deployments/{id}"
        case .log: "/deployments/{id}/log"
        case .diff: "/deployments/{id}/diff"
        case .changes: "/deployments/{id}/changes"
        case .changedFile: "/deployments/{id}/changes/{number}"
        case .tests: "/deployments/{id}/tests"
        case .surface: "/surface"
        case .explain: "/explain"
        case .workspace: "/workspace"
        case .policy: "/policy"
        case .approve: "/commits/{commit}/approve"
        case .reject: "/commits/{commit}/reject"
        case .lift: "/commits/{commit}/lift"
        case .rollback: "/rollback"
        case .reload: "/reload"
        case .hold: "/hold"
        case .resume: "/resume"
        }
    }

    /// The agent may deploy, read all that came of its commits, and ask what judges it and what it may do where. What people asked for and answered is
    /// the admin's, and so is answering.
    package var audience: Audience {
        switch self {
        case .deploy, .deployment, .status, .history, .show, .log, .diff, .changes, .changedFile, .tests, .surface, .explain,
            .workspace:
            .agent
        case .stream, .events, .policy, .approve, .reject, .lift, .rollback, .reload, .hold, .resume: .admin
        }
    }

    /// Whether the review page may ask it: what it shows, and answers, which have to be signed.
    package var isReviewPages: Bool {
        switch self {
        case .status, .stream, .history, .events, .show, .log, .diff, .changes, .changedFile, .tests, .policy, .approve, .reject:
            true
        case .deploy, .deployment, .surface, .explain, .workspace, .lift, .rollback, .reload, .hold, .resume: false
        }
    }

    /// How what is at `path` may be asked for; nothing where there is nothing.
    package static func methods(at path: String) -> [Method] {
        let asked = path.split(separator: "/", omittingEmptySubsequences: false)
        let found = allCases.filter { route in
            let segments = route.path.split(separator: "/", omittingEmptySubsequences: false)
            return segments.count == asked.count && zip(segments, asked).allSatisfy { $0 == $1 || $0.hasPrefix("{") && !$1.isEmpty }
        }
        return Set(found.map(\.method)).sorted { $0.rawValue < $1.rawValue }
    }

    /// The path with `parameters` in place of its braces, in order, and the query behind it: what goes into the request line.
    package func target(_ parameters: [String], query: [(name: String, value: String)] = []) -> String {
        var rest = parameters[...]
        let segments = path.split(separator: "/").map {
            $0.hasPrefix("{") ? PercentEncoding.encoded(rest.popFirst() ?? "") : String($0)
        }
        let pairs = query.map { "\($0.name)=\(PercentEncoding.encoded($0.value))" }.joined(separator: "&")
        return "/" + segments.joined(separator: "/") + (pairs.isEmpty ? "" : "?" + pairs)
    }
}
