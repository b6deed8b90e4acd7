package import Patterns
internal import PlainText

/// Which files decide the verdict on the agent's work: a change to one of them needs a human.
///
/// Names are compared without regard to case, and a name counts whatever it is: a directory replaced by a symbolic link or by a
/// submodule is as good a way to change the verdict as an edit. What the deployed version's own tests read, import and run counts as well.
package struct TestSurface: Hashable, Sendable {
    /// Why a file judges the agent.
    package enum Reason: Codable, Hashable, Sendable {
        case pattern(String)
        case fact(SurfaceFact)

        package var sentence: String {
            switch self {
            case .pattern(let pattern): "it matches `\(pattern.plain())`"
            case .fact(let fact): fact.sentence
            }
        }
    }

    /// The built-in names alone.
    package static let builtIn: TestSurface = {
        do throws(GlobError) {
            return try TestSurface(additional: [])
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// Most patterns are one plain name: those are looked up, not tried.
    private let names: Set<[UInt8]>
    private let globs: [Glob]
    private var facts = SurfaceFacts()

    /// - Parameter additional: the admin's (`AGENT_DEPLOY_TEST_SURFACE`): with a slash in front from the tree's top, without one at any depth.
    package init(additional: [String]) throws(GlobError) {
        var names: Set<[UInt8]> = []
        var globs: [Glob] = []
        for pattern in Self.builtInNames + additional {
            let glob = try Glob(pattern, ignoringCase: true)
            if let name = glob.literalName { names.insert(name) } else { globs.append(glob) }
        }
        self.names = names
        self.globs = globs
    }

    /// The same with what was found in the deployed version.
    package func with(_ facts: SurfaceFacts) -> TestSurface {
        var surface = self
        surface.facts = facts
        return surface
    }

    /// - Parameter path: inside the tree, names joined by `/`.
    package func contains(_ path: [UInt8]) -> Bool { reason(for: path) != nil }

    /// Why `path` judges the agent; nil where it does not.
    package func reason(for path: [UInt8]) -> Reason? {
        let components = path.split(separator: UInt8(ascii: "/")).map { $0.map(Glob.folded) }
        if let name = components.first(where: names.contains) { return .pattern(String(decoding: name, as: UTF8.self)) }
        if let glob = globs.first(where: { $0.matches(components) }) { return .pattern(glob.description) }
        return facts.fact(about: path).map { .fact($0) }
    }

    /// Whether such a file can have tests in it beside what they test.
    package func mayHaveInlineTests(_ path: [UInt8]) -> Bool { InlineTests.canBe(in: path, doctests: facts.hasDoctests) }

    /// Whether tests that stand in the file beside what they test differ: a change of those alone judges the agent.
    package func changesInlineTests(_ path: [UInt8], old: ArraySlice<UInt8>, new: ArraySlice<UInt8>) -> Bool {
        InlineTests.differ(path, old: old, new: new, doctests: facts.hasDoctests)
    }
}
