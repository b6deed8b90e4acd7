package import DeployModel

/// A place of the site, as a link has it: made of numbers and of words of this list, never of text that somebody wrote.
package enum Address: Hashable, Sendable {
    case now
    case history(before: Int?, state: DeploymentState?)
    case deployment(Int)
    /// What somebody who is to agree has to see.
    case review(Int, DiffLook)
    /// What would change if a deployment were gone back to.
    case rollback(Int, DiffLook)
    /// One file of a change whole, by its place in the change.
    case file(Int, Int, DiffLook, from: Int)
    case output(Int, from: Int)
    /// Where an answer to a deployment is sent.
    case answer(Int)
    case version
    case stops
    /// What people and the agent asked for, and what came of it.
    case audit(all: Bool)
    case people
    case session
    case sessionEnd
    case style
    case script
    /// A line on the same page, by its file and its number there or, of a line that is gone, where it was.
    case line(file: Int, number: Int, isOld: Bool)
    case section(StaticSection)

    package enum StaticSection: String, Sendable {
        case main
        case changes
    }

    package var path: String {
        switch self {
        case .now: "/"
        case .history(let before, let state):
            Self.path("/deployments", (before.map { "&before=\($0)" } ?? "") + (state.map { "&state=\($0.rawValue)" } ?? ""))
        case .deployment(let id): "/deployments/\(id)"
        case .review(let id, let look): Self.path("/deployments/\(id)/review", look.query)
        case .rollback(let id, let look): Self.path("/deployments/\(id)/rollback", look.query)
        case .file(let id, let file, let look, let from): "/deployments/\(id)/changes/\(file)?from=\(from)" + look.query
        case .output(let id, let from): "/deployments/\(id)/log?from=\(from)"
        case .answer(let id): "/deployments/\(id)/answer"
        case .people: "/people"
        case .version: "/version"
        case .stops: "/stops"
        case .audit(let all): all ? "/audit?all=1" : "/audit"
        case .session: "/session"
        case .sessionEnd: "/session/end"
        case .style: "/pinfold.css"
        case .script: "/pinfold.js"
        case .line(let file, let number, let isOld): "#f\(file)\(isOld ? "o" : "n")\(number)"
        case .section(let section): "#\(section.rawValue)"
        }
    }

    /// - Parameter query: each parameter behind an `&`.
    private static func path(_ path: String, _ query: String) -> String { query.isEmpty ? path : path + "?" + query.dropFirst() }
}
