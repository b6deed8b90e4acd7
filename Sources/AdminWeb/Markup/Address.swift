/// A place of the site, as a link has it: made of numbers and of words of this list, never of text that somebody wrote.
package enum Address: Hashable, Sendable {
    case now
    case history(before: Int?)
    case deployment(Int)
    /// What somebody who is to agree has to see; `split`: old and new side by side.
    case review(Int, split: Bool)
    /// One file of a change whole, by its place in the change.
    case file(Int, Int, split: Bool, from: Int)
    case output(Int, from: Int)
    case version
    case stops
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
        case .history(let before): "/deployments" + (before.map { "?before=\($0)" } ?? "")
        case .deployment(let id): "/deployments/\(id)"
        case .review(let id, let split): "/deployments/\(id)/review" + (split ? "?split=1" : "")
        case .file(let id, let file, let split, let from):
            "/deployments/\(id)/changes/\(file)?from=\(from)" + (split ? "&split=1" : "")
        case .output(let id, let from): "/deployments/\(id)/log?from=\(from)"
        case .version: "/version"
        case .stops: "/stops"
        case .session: "/session"
        case .sessionEnd: "/session/end"
        case .style: "/pinfold.css"
        case .script: "/pinfold.js"
        case .line(let file, let number, let isOld): "#f\(file)\(isOld ? "o" : "n")\(number)"
        case .section(let section): "#\(section.rawValue)"
        }
    }
}
