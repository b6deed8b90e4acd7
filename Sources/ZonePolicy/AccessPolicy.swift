package import Patterns

/// The rules of one view: a node's place, its name and an operation → allowed, or the errno and the rule.
///
/// Pure: it looks at names alone, never at the disk, and is asked by the daemon before every change and by `pinfold why`. Any number of
/// threads may ask at once.
package final class AccessPolicy: Sendable {
    let automaton: PatternAutomaton
    /// The place of the view's root, the source itself.
    package let viewRoot: Place
    private let codeRepoRoot: Place
    private let sandboxRoot: Place
    /// The patterns in force, as they were given.
    package let hide: [Glob]
    package let protect: [Glob]

    /// - Parameters:
    ///   - source, codeRepo, sandbox: absolute paths without symbolic links; the zones lie below the source and not in each other.
    ///   - hide: an absolute pattern (`/etc/shadow*`) holds everywhere, in zones too; one that begins with `**/` holds at any depth outside
    ///     the zones.
    ///   - protect: a floating pattern (`.git/hooks`) holds at any depth of code-repo; an absolute one in any zone.
    package init(source: String, codeRepo: String, sandbox: String, hide: [String], protect: [String]) throws(PolicyError) {
        let sourceNames = try Self.names(source, "source")
        let codeRepoNames = try Self.names(codeRepo, "code-repo")
        let sandboxNames = try Self.names(sandbox, "sandbox")
        for (zone, names) in [("code-repo", codeRepoNames), ("sandbox", sandboxNames)] {
            guard names.count > sourceNames.count, names.starts(with: sourceNames) else {
                throw PolicyError("\(zone) does not lie below the source \(source)")
            }
        }
        guard !codeRepoNames.starts(with: sandboxNames), !sandboxNames.starts(with: codeRepoNames) else {
            throw PolicyError("code-repo \(codeRepo) and sandbox \(sandbox) lie inside each other")
        }
        do {
            self.hide = try hide.map { pattern throws(GlobError) in
                let glob = try Glob(pattern)
                guard glob.isAnchored || glob.segments.first == .anyDepth else {
                    throw GlobError(pattern: pattern, reason: "is neither absolute nor begins with `**/`")
                }
                return glob
            }
            self.protect = try protect.map { pattern throws(GlobError) in try Glob(pattern) }
            var patterns: [PatternAutomaton.Pattern] = [
                .init(try Glob(path: codeRepo), .enters(.codeRepo)), .init(try Glob(path: sandbox), .enters(.sandbox)),
            ]
            if !sourceNames.isEmpty { patterns.append(.init(try Glob(path: source), .enters(.view))) }
            patterns += self.hide.map { .init($0, .hides(inZones: $0.isAnchored)) }
            patterns += self.protect.map { .init($0, .protects) }
            automaton = PatternAutomaton(patterns, rootZone: sourceNames.isEmpty ? .view : .outside)
        } catch {
            throw PolicyError(error.description)
        }
        viewRoot = automaton.place(of: sourceNames)
        codeRepoRoot = automaton.place(of: codeRepoNames)
        sandboxRoot = automaton.place(of: sandboxNames)
        automaton.setBaseline(of: .codeRepo, at: codeRepoRoot)
        automaton.setBaseline(of: .sandbox, at: sandboxRoot)
        for (what, place) in [("source", viewRoot), ("code-repo", codeRepoRoot), ("sandbox", sandboxRoot)] where place.isHidden {
            throw PolicyError("the \(what) itself is hidden by \(automaton.hidingPattern(of: place) ?? "a pattern")")
        }
    }

    /// The place of a plane's root.
    package func root(of zone: Zone) -> Place {
        switch zone {
        case .codeRepo: codeRepoRoot
        case .sandbox: sandboxRoot
        case .view, .outside: viewRoot
        }
    }

    /// The place of `name` in a directory. It steps into a zone where the name is the zone's root.
    package func child(of parent: Place, named name: borrowing Span<UInt8>) -> Place {
        automaton.child(of: parent, named: name)
    }

    /// The hidden paths that have no wildcard: the daemon looks at what they lead to, so that another name of the same inode does not show it.
    package var hiddenLiteralPaths: [[UInt8]] { hide.compactMap(\.literalPath) }

    /// A pattern that hides or protects a name somewhere in the zone; nil where its rules are the same for every name.
    package func patternReaching(into zone: Zone) -> String? { automaton.reachingPattern(of: root(of: zone)) }

    private static func names(_ path: String, _ what: String) throws(PolicyError) -> [[UInt8]] {
        guard path.utf8.first == UInt8(ascii: "/") else { throw PolicyError("the \(what) “\(path)” is not an absolute path") }
        let names = [UInt8](path.utf8).split(separator: UInt8(ascii: "/")).map(Array.init)
        guard !names.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) || $0.contains(0) }) else {
            throw PolicyError("the \(what) “\(path)” has `.` or `..` in it")
        }
        return names
    }
}

/// Zones or patterns of which no policy can be made.
package struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension PatternAutomaton {
    /// The place of a path, by its names from `/`.
    func place(of names: [[UInt8]]) -> Place {
        var place = root
        for name in names { place = child(of: place, named: name.span) }
        return place
    }
}
