internal import PlainText

/// Why a file that no pattern names judges the agent.
package enum SurfaceFact: Codable, Hashable, Sendable {
    /// A test of the deployed version's report is in it.
    case holdsTests
    /// The admin's test command runs it.
    case namedByCommand
    /// A file of the surface reads it, runs it or loads it as a plugin.
    case usedBy(String)
    /// A file of the surface imports it, and it is made for tests: it asserts, or its name says so.
    case helperOf(String)
    /// A link in the surface leads to it.
    case linkedFrom(String)

    package var sentence: String {
        switch self {
        case .holdsTests: "it holds a test of the deployed version's report"
        case .namedByCommand: "the test command runs it"
        case .usedBy(let path): "\(path.plain()) uses it"
        case .helperOf(let path): "\(path.plain()) imports it, and it is made for tests"
        case .linkedFrom(let path): "the link \(path.plain()) leads to it"
        }
    }
}

/// What the deployed version says about its own judge: its files and directories that no pattern names.
package struct SurfaceFacts: Hashable, Sendable {
    /// By path; a directory stands for all that is below it.
    package internal(set) var paths: [[UInt8]: SurfaceFact] = [:]
    /// Whether the settings of a runner have the examples in Python's texts tried.
    package internal(set) var hasDoctests = false

    package init() {}

    func fact(about path: [UInt8]) -> SurfaceFact? {
        guard !paths.isEmpty else { return nil }
        if let fact = paths[path] { return fact }
        for end in path.indices where path[end] == UInt8(ascii: "/") {
            if let fact = paths[Array(path[..<end])] { return fact }
        }
        return nil
    }
}
