import DataRoot
import Testing
import ZonePolicy

/// A policy with the default patterns over a production layout, and short ways to ask it by path.
struct PolicyUnderTest {
    static let codeRepo = "/opt/agent-data/code-repo"
    static let sandbox = "/opt/agent-data/sandbox"

    let policy: AccessPolicy

    init(source: String = "/", hide: [String]? = nil, protect: [String]? = nil) throws {
        policy = try AccessPolicy(
            source: source, codeRepo: Self.codeRepo, sandbox: Self.sandbox,
            hide: hide ?? DefaultPattern.hide.map(\.pattern)
                + DefaultPattern.alwaysHidden(in: DataRoot("/opt/agent-data")).map(\.pattern),
            protect: protect ?? DefaultPattern.protect.map(\.pattern))
    }

    func place(_ path: String) -> Place { policy.explain(names(path), .read).place }

    func names(_ path: String) -> [[UInt8]] { path.split(separator: "/").map { Array($0.utf8) } }

    private func split(_ path: String) -> (parent: Place, name: [UInt8]) {
        var names = names(path)
        let name = names.removeLast()
        return (policy.explain(names, .read).place, name)
    }

    func name(_ operation: NameOperation, _ path: String, kind: NodeKind = .file) -> Decision {
        let (parent, name) = split(path)
        return policy.decide(operation, name.span, in: parent, kind: kind)
    }

    func node(_ operation: NodeOperation, _ path: String) -> Decision { policy.decide(operation, at: place(path)) }

    func rename(
        _ from: String, _ to: String, kind: NodeKind = .file, replacing: NodeKind? = nil, mode: RenameMode = .replace
    ) -> Decision {
        let (parent, name) = split(from)
        let (newParent, newName) = split(to)
        return policy.decideRename(
            name.span, in: parent, to: newName.span, in: newParent, kind: kind, replacing: replacing, mode: mode)
    }

    /// What a daemon finds that moves a directory with these entries (relative paths; those with a trailing slash are directories, with a
    /// trailing `@` links), walking down as `examine` says.
    func move(_ from: String, _ to: String, holding entries: [String]) -> Refusal? {
        var pending: [(Move, [String])] = [(Move(from: place(from), to: place(to)), entries)]
        while let (move, entries) = pending.popLast() {
            for group in Dictionary(grouping: entries, by: { String($0.prefix { $0 != "/" }) }) {
                let isDirectory = group.value.contains { $0.contains("/") }
                let isLink = group.key.hasSuffix("@")
                let name = Array((isLink ? String(group.key.dropLast()) : group.key).utf8)
                switch policy.examine(name.span, isDirectory ? .directory : isLink ? .symbolicLink : .file, in: move) {
                case .clear: continue
                case .refused(let refusal): return refusal
                case .descend(let deeper):
                    let below = group.value.compactMap { entry in
                        entry.firstIndex(of: "/").map { String(entry[entry.index(after: $0)...]) }
                    }
                    pending.append((deeper, below.filter { !$0.isEmpty }))
                }
            }
        }
        return nil
    }
}

extension Decision {
    /// The errno of an outright refusal, 0 for allowed, -1 for a condition.
    var code: Int32 {
        switch self {
        case .allowed: 0
        case .allowedIf: -1
        case .refused(let refusal): refusal.errno
        }
    }
}

/// The codes as the kernel spells them (asm-generic/errno-base.h).
// swift-format-ignore
let EPERM: Int32 = 1
// swift-format-ignore
let ENOENT: Int32 = 2
// swift-format-ignore
let EXDEV: Int32 = 18
// swift-format-ignore
let EINVAL: Int32 = 22
// swift-format-ignore
let EROFS: Int32 = 30
