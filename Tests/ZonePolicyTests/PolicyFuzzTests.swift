import Patterns
import TestSupport
import Testing
import ZonePolicy

/// Whatever is done that the policy allows, no protected name comes, goes or changes, and no link leads around one.
@Suite struct `Random changes that the policy allows` {
    /// A tree of names: what a zone holds.
    private indirect enum Entry: Equatable {
        case file(Int)
        case link
        case directory([String: Entry])

        var kind: NodeKind {
            switch self {
            case .file: .file
            case .link: .symbolicLink
            case .directory: .directory
            }
        }
    }

    private typealias Path = [String]

    private struct Tree {
        var root: Entry

        func find(_ path: Path) -> Entry? {
            var entry = root
            for name in path {
                guard case .directory(let entries) = entry, let child = entries[name] else { return nil }
                entry = child
            }
            return entry
        }

        mutating func set(_ path: Path, _ value: Entry?) { root = Self.set(root, path[...], value) }

        private static func set(_ entry: Entry, _ path: ArraySlice<String>, _ value: Entry?) -> Entry {
            guard let name = path.first, case .directory(var entries) = entry else { return entry }
            if path.count == 1 {
                entries[name] = value
            } else if let child = entries[name] {
                entries[name] = set(child, path.dropFirst(), value)
            }
            return .directory(entries)
        }

        var all: [(path: Path, entry: Entry)] {
            var result: [(path: Path, entry: Entry)] = [([], root)]
            var index = 0
            while index < result.count {
                if case .directory(let entries) = result[index].entry {
                    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
                        result.append((result[index].path + [name], entry))
                    }
                }
                index += 1
            }
            return result
        }
    }

    private static let names = [
        ".git", "hooks", "config", "info", "attributes", "objects", "alternates", "modules", "worktrees", "commondir", "a", "b",
    ]

    private static let start: Tree = {
        let repository: Entry = .directory([
            "config": .file(1), "HEAD": .file(2), "objects": .directory(["info": .directory([:]), "ab": .directory([:])]),
            "info": .directory(["exclude": .file(3)]), "worktrees": .directory(["a": .directory(["commondir": .file(4)])]),
            "modules": .directory(["a": .directory(["config": .file(5), "hooks": .directory(["x": .file(6)])])]),
        ])
        return Tree(
            root: .directory([
                ".git": repository, "a": .directory(["b": .directory([".git": .directory(["config": .file(7)])])]),
                "b": .directory([:]),
            ]))
    }()

    @Test(arguments: 1...5) func `leave what is protected as it was`(seed: Int) throws {
        let subject = try PolicyUnderTest()
        let patterns = subject.policy.protect
        var generator = SeededGenerator(seed: UInt64(seed))
        var tree = Self.start

        /// What stands at protected names: each file by its number, directories by their last name. A directory that moves with all that is in it
        /// takes them along, to where they are protected as well.
        func protected(_ tree: Tree) -> [String: Int] {
            var found: [String: Int] = [:]
            for (path, entry) in tree.all {
                guard patterns.contains(where: { $0.matches(path.map { Array($0.utf8) }) }) else { continue }
                if case .file(let number) = entry {
                    found["\(number)", default: 0] += 1
                } else {
                    found[path.last ?? "", default: 0] += 1
                }
            }
            return found
        }
        let before = protected(tree)
        #expect(!before.isEmpty)

        func place(_ path: Path) -> Place {
            path.reduce(subject.policy.root(of: .codeRepo)) { subject.policy.child(of: $0, named: Array($1.utf8).span) }
        }
        /// What a daemon finds in a directory that is to move.
        func isClear(_ entry: Entry?, _ move: Move) -> Bool {
            guard case .directory(let entries) = entry else { return true }
            return entries.allSatisfy { name, child in
                switch subject.policy.examine(Array(name.utf8).span, child.kind, in: move) {
                case .clear: true
                case .refused: false
                case .descend(let deeper): isClear(child, deeper)
                }
            }
        }
        func path() -> Path {
            let directories = tree.all.filter { $0.entry.kind == .directory && $0.path.count < 6 }.map(\.path)
            if Int.random(in: 0..<3, using: &generator) == 0, let known = tree.all.dropFirst().randomElement(using: &generator) {
                return known.path
            }
            return (directories.randomElement(using: &generator) ?? []) + [Self.names.randomElement(using: &generator) ?? "a"]
        }
        var number = 100
        for _ in 0..<1000 {
            let path = path()
            let parent = place(Array(path.dropLast()))
            let name = Array((path.last ?? "a").utf8)
            number += 1
            let there = tree.find(path)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0 where there == nil:
                if subject.policy.decide(.create, name.span, in: parent) == .allowed { tree.set(path, .file(number)) }
            case 1, 2:
                if there == nil, subject.policy.decide(.makeDirectory, name.span, in: parent) == .allowed {
                    tree.set(path, .directory([:]))
                }
            case 3 where there == nil:
                if subject.policy.decide(.makeSymbolicLink, name.span, in: parent) == .allowed { tree.set(path, .link) }
            case 4:
                if case .file = there, subject.policy.decide(.write, at: place(path)) == .allowed { tree.set(path, .file(number)) }
                if case .file = there, subject.policy.decide(.unlink, name.span, in: parent) == .allowed { tree.set(path, nil) }
                if case .link = there, subject.policy.decide(.unlink, name.span, in: parent) == .allowed { tree.set(path, nil) }
            case 5 where there == .directory([:]):
                if subject.policy.decide(.removeDirectory, name.span, in: parent) == .allowed { tree.set(path, nil) }
            default:
                let target = { () -> Path in
                    let directories = tree.all.filter { $0.entry.kind == .directory && $0.path.count < 6 }.map(\.path)
                    return (directories.randomElement(using: &generator) ?? []) + [
                        Self.names.randomElement(using: &generator) ?? "a"
                    ]
                }()
                guard let there, target != path, !target.starts(with: path), !path.starts(with: target) else { continue }
                let replaced = tree.find(target)
                let mode: RenameMode = Bool.random(using: &generator) && replaced != nil ? .exchange : .replace
                if mode == .replace, let replaced {
                    // What the kernel would refuse by itself.
                    if (there.kind == .directory) != (replaced.kind == .directory) { continue }
                    if replaced.kind == .directory, replaced != .directory([:]) { continue }
                }
                let newParent = place(Array(target.dropLast()))
                let newName = Array((target.last ?? "a").utf8)
                let decision = subject.policy.decideRename(
                    name.span, in: parent, to: newName.span, in: newParent, kind: there.kind, replacing: replaced?.kind, mode: mode)
                let (from, to) = (place(path), place(target))
                let isAllowed =
                    switch decision {
                    case .allowed: true
                    case .refused: false
                    case .allowedIf(.sameContent, _): false
                    case .allowedIf(.holdsNothingProtected, _):
                        isClear(there, Move(from: from, to: to))
                            && (mode != .exchange || isClear(replaced, Move(from: to, to: from)))
                    }
                guard isAllowed else { continue }
                tree.set(path, mode == .exchange ? replaced : nil)
                tree.set(target, there)
            }
        }
        #expect(protected(tree) == before)
        for (path, entry) in tree.all where entry.kind == .symbolicLink { #expect(!place(path).isPassage, "\(path)") }
        // It was not that nothing happened.
        #expect(tree.root != Self.start.root)
    }
}
