import TestSupport

/// A small project whose tests pass, and commits to it: one file of `Corpus`, or a part of one.
///
///     === project NAME
///     command: the admin's AGENT_DEPLOY_TEST_COMMAND, where there is one
///     plain: how the tests are run where nobody guards the run
///     --- PATH
///     its contents, up to the next line of this kind
///     === broken
///     --- PATH                        what breaks the program: part of every cheat that does not bring that path itself
///     === COMMIT | KIND | EXPECTATION
///     What it does, in a sentence.
///     --- PATH                        new, or with other contents
///     --- PATH removed
///     --- PATH -> TARGET              a symbolic link
///     --- PATH at ID                  a submodule
struct JudgedProject: Sendable, CustomStringConvertible {
    let name: String
    fileprivate(set) var command: String?
    fileprivate(set) var plain: String?
    fileprivate(set) var files: [JudgedChange] = []
    fileprivate(set) var commits: [JudgedCommit] = []
    private var broken: [JudgedChange] = []

    var description: String { name }
}

struct JudgedCommit: Sendable, CustomStringConvertible {
    /// What has to become of it.
    enum Expectation: Hashable, Sendable {
        /// A human is asked, or its tests fail.
        case seen
        /// The same; its tests fail without a judge, too.
        case fails
        /// It is deployed, and nobody is asked.
        case deploys
        /// It cheats and is deployed, and nobody is asked: a limit that `Docs/Deploying.md` names.
        case left
        /// It is honest, and a human is asked for this reason.
        case asks(String)
    }

    let name: String
    let kind: String
    let expectation: Expectation
    fileprivate(set) var sentence = ""
    fileprivate(set) var changes: [JudgedChange] = []

    var description: String { "\(kind): \(name)" }
    /// Whether it passes its tests though the program is broken, where nobody looks.
    var deceives: Bool { expectation == .seen || expectation == .left }
    var isHonest: Bool { !deceives && expectation != .fails }
}

struct JudgedChange: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case text(String)
        case link(to: String)
        case submodule(String)
        case removed
    }

    let path: String
    fileprivate(set) var content: Content
}

extension JudgedProject {
    /// Of all files of the corpus.
    static let all: [JudgedProject] = {
        do {
            return try run("find", [JudgedProject.corpus, "-name", "*.txt"]).requireSuccess().split(separator: "\n").sorted()
                .flatMap { try parse(readFile(String($0)), as: String($0)) }
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    private static let corpus = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Corpus"

    static func parse(_ text: String, as file: String) throws -> [JudgedProject] {
        var projects: [JudgedProject] = []
        for part in ("\n" + text).components(between: "\n=== ").dropFirst() {
            let sections = part.components(between: "\n--- ")
            let head = sections[0].split(separator: "\n").map(String.init)
            let changes = try sections.dropFirst().map(change)
            if head[0].hasPrefix("project ") {
                var project = JudgedProject(name: String(head[0].dropFirst(8)))
                for line in head.dropFirst() {
                    let (key, value) = (line.prefix { $0 != ":" }, String(line.drop { $0 != ":" }.dropFirst(2)))
                    switch key {
                    case "command": project.command = value
                    case "plain": project.plain = value
                    default: throw TestFailure("\(file): \(line)")
                    }
                }
                project.files = changes
                projects.append(project)
                continue
            }
            if head[0] == "broken", !projects.isEmpty {
                projects[projects.count - 1].broken = changes
                continue
            }
            let words = head[0].components(between: " | ")
            guard words.count == 3, let expectation = JudgedCommit.Expectation(words[2]), head.count > 1, !projects.isEmpty else {
                throw TestFailure("\(file): `\(head[0])` is no heading with a sentence below it")
            }
            var commit = JudgedCommit(name: words[0], kind: words[1], expectation: expectation)
            commit.sentence = head.dropFirst().joined(separator: " ")
            commit.changes = changes
            if !commit.isHonest {
                let own = Set(changes.map(\.path))
                commit.changes += projects[projects.count - 1].broken.filter { !own.contains($0.path) }
            }
            projects[projects.count - 1].commits.append(commit)
        }
        return projects
    }

    private static func change(_ section: String) throws -> JudgedChange {
        let line = String(section.prefix { $0 != "\n" })
        if line.hasSuffix(" removed") { return JudgedChange(path: String(line.dropLast(8)), content: .removed) }
        let link = line.components(between: " -> ")
        if link.count == 2 { return JudgedChange(path: link[0], content: .link(to: link[1])) }
        let submodule = line.components(between: " at ")
        if submodule.count == 2 { return JudgedChange(path: submodule[0], content: .submodule(submodule[1])) }
        let text = String(section.dropFirst(line.count + 1))
        return JudgedChange(path: line, content: .text(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"))
    }
}

extension JudgedCommit.Expectation {
    fileprivate init?(_ text: String) {
        switch text {
        case "seen": self = .seen
        case "fails": self = .fails
        case "deploys": self = .deploys
        case "left": self = .left
        default:
            guard text.hasPrefix("asks ") else { return nil }
            self = .asks(String(text.dropFirst(5)))
        }
    }
}

extension String {
    fileprivate func components(between separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
